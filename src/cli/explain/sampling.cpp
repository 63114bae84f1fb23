// microgpt explain sampling: from logits to the next character.
#include <algorithm>
#include <cmath>

#include "cli/explain/topics.hpp"
#include "microgpt/base/rng.hpp"

namespace microgpt::cli::explain {

Page explain_sampling(const Subject& s, double temperature, std::uint64_t seed, const Digits& n) {
  const Numbers logits = row_of(s.trace, Site::logits, 0, s.position);
  const double max = *std::max_element(logits.begin(), logits.end());
  Numbers e;
  double total = 0;
  for (const double logit : logits) total += e.emplace_back(std::exp((logit - max) / temperature));
  // As random.choices() draws: the first token whose cumulative sum is above the mark.
  Rng rng(seed);
  const double u = rng.random();
  Numbers cumulative;
  double sum = 0;
  for (const double ei : e) cumulative.push_back(sum += ei / total);
  std::size_t drawn = 0;
  while (drawn + 1 < e.size() && cumulative[drawn] <= u * sum) ++drawn;
  const auto likeliest = static_cast<std::size_t>(std::max_element(e.begin(), e.end()) - e.begin());
  const auto name = [&](std::size_t i) { return token_text(s.model.tokenizer, static_cast<Token>(i)); };

  Page page{.topic = "sampling",
            .about =
                "The next character is drawn, each with its probability. A temperature below 1 makes the "
                "probable ones more so, 0 would always take the first of them.",
            .lines = {195, 196, true}};
  Step scaled{.name = "temperature and softmax",
              .address = study::to_string({.site = Site::logits, .position = s.position}),
              .lines = {195, 195, true}};
  scaled.says = "Likeliest: " + name(likeliest) + ".";
  scaled.formula = "p_t = e^((logit_t - max) / T) / sum_u e^((logit_u - max) / T)";
  scaled.numbers = "p_" + std::to_string(likeliest) + " = e^((" + n(logits[likeliest]) + " - " + n.factor(max)
                   + ") / " + n(temperature) + ") / " + n(total);
  scaled.result = e[likeliest] / total;
  scaled.table = {
      {"token", "character", "logit", "(logit - max) / T", "probability", "sum so far", "drawn"}, 2, {4}};
  for (std::size_t i = 0; i < e.size(); ++i) {
    scaled.table.rows.push_back({static_cast<long>(i), name(i), logits[i], (logits[i] - max) / temperature,
                                 e[i] / total, cumulative[i], std::string(i == drawn ? "<-" : "")});
  }
  Step draw{.name = "the draw", .lines = {196, 196, true}};
  draw.says = "A number u from 0 to 1 is drawn with seed " + std::to_string(seed)
              + "; it falls into the stretch of one token.";
  draw.formula = "the first token whose sum so far is above u";
  draw.numbers = "u = " + n(u) + " -> token " + std::to_string(drawn) + " (" + name(drawn)
                 + "), whose stretch is " + n(drawn == 0 ? 0 : cumulative[drawn - 1]) + " to "
                 + n(cumulative[drawn]);
  if (drawn == static_cast<std::size_t>(s.model.tokenizer.bos())) draw.says += " BOS ends the text.";
  page.steps = {scaled, draw};
  return page;
}

}  // namespace microgpt::cli::explain
