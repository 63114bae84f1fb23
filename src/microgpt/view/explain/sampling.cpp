// explain sampling: how the next character is drawn.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "microgpt/base/error.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/generate/sampler.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kSamplingOptions[] = {kReadOption,
                                           kPositionOption,
                                           kAtOption,
                                           {.name = "--temperature",
                                            .kind = OptionSpec::Kind::number,
                                            .about = "Divide the logits by this first; must be above 0",
                                            .value_name = "T",
                                            .otherwise = "0.5"},
                                           {.name = "--seed",
                                            .kind = OptionSpec::Kind::whole,
                                            .about = "Seed of the draw",
                                            .value_name = "SEED",
                                            .otherwise = "42",
                                            .high = INT64_MAX},
                                           kTopOption,
                                           kDigitsOption};
constexpr Site kSamplingSites[] = {Site::logits, Site::probs};

/// The probabilities and one draw, by the sampler itself.
struct Draw {
  Numbers logits, p;
  Numbers from, to;  ///< each token's stretch of 0 to 1
  double temperature = 0, u = 0;
  std::uint64_t seed = 42;
  std::size_t drawn = 0;
};

Draw draw_of(const Explained& e, const Options& options) {
  Draw d{.logits = e.row(Site::logits), .p = {}, .from = {}, .to = {}};
  d.temperature = options.number("--temperature").value_or(0.5);
  if (!(d.temperature > 0)) {
    throw bad_option("--temperature", *options.text("--temperature"),
                     "it must be above 0; near 0 the likeliest token is always drawn");
  }
  if (const auto seed = options.text("--seed")) {
    (void)std::from_chars(seed->data(), seed->data() + seed->size(),
                          d.seed);  // it was checked when it was set
  }
  Sampler<double> sampler(e.config().vocab_size);
  const SamplerOptions settings{.temperature = d.temperature};
  const auto weights = sampler.weights(d.logits, settings);
  d.p.assign(weights.begin(), weights.end());
  double sum = 0;
  for (const double p : d.p) {
    d.from.push_back(sum);
    d.to.push_back(sum += p);
  }
  Rng rng(d.seed);
  d.drawn = static_cast<std::size_t>(sampler.draw(d.logits, settings, rng));
  d.u = Rng(d.seed).random();
  return d;
}

Section probabilities_section(const Explained& e, const Draw& d, ByHand& hand) {
  Section section{.key = "probabilities",
                  .title = "temperature and softmax",
                  .address = e.address(Site::logits),
                  .lines = {195, 195, true}};
  const std::size_t likeliest = study::ranked(d.logits, 1)[0];
  const double max = d.logits[likeliest];
  const std::size_t token = e.asked().value_or(likeliest);
  const double total = 1 / d.p[likeliest];  // of e^0 and all that are smaller
  const auto scaled = [&](std::size_t i) { return (d.logits[i] - max) / d.temperature; };
  section.says = "The likeliest token is " + e.subject.label(static_cast<Token>(likeliest))
                 + ". Every token has a stretch of the line from 0 to 1, as long as its probability.";
  section.formula = "p_t = e^((logit_t - max) / T) / sum_u e^((logit_u - max) / T)";
  section.numbers = "p_" + std::to_string(token) + " = " + hand.line(d.p[token], [&](const Digits& n) {
    return Written{
        "e^((" + n(d.logits[token]) + " - " + n.factor(max) + ") / " + n(d.temperature) + ") / " + n(total),
        std::exp((n.printed(d.logits[token]) - n.printed(max)) / n.printed(d.temperature))
            / n.printed(total)};
  });
  section.result = d.p[token];
  section.digits = hand.n.digits;

  auto rows = ranked_rows(d.logits, e.top, token);
  if (std::find(rows.begin(), rows.end(), d.drawn) == rows.end()) rows.push_back(d.drawn);
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t i) {
      return hand.same(std::exp(n.printed(scaled(i))) / n.printed(total), d.p[i]);
    });
  });
  section.table.columns = {{"token", "token", whole()},
                           {"character", "character"},
                           {"logit", "logit", number(hand.n.digits)},
                           {"scaled", "(logit - max) / T", number(digits)},
                           hot("probability", "probability", hand.n.digits, Heat::unit),
                           {"from", "from", number(hand.n.digits)},
                           {"to", "to", number(hand.n.digits)},
                           {"drawn", "drawn"}};
  section.table.labels = 2;
  for (const std::size_t i : rows) {
    section.table.rows.push_back({static_cast<std::int64_t>(i), e.subject.label(static_cast<Token>(i)),
                                  d.logits[i], scaled(i), d.p[i], d.from[i], d.to[i],
                                  i == d.drawn ? "<-" : ""});
  }
  set_bound(section.table, d.p.size());
  section.figure = Figure{.kind = Figure::Kind::bars,
                          .title = "The probabilities of the next token",
                          .x = 1,
                          .y = {4},
                          .y_title = "probability"};
  return section;
}

Section draw_section(const Explained& e, const Draw& d, const ByHand& hand) {
  Section section{.key = "draw", .title = "the draw", .lines = {196, 196, true}};
  const auto token = static_cast<Token>(d.drawn);
  section.says = "A number u between 0 and 1 is drawn with seed " + std::to_string(d.seed)
                 + "; the token is the one whose stretch it falls into.";
  if (token == e.subject.tokenizer().bos()) section.says += " BOS ends the text.";
  section.formula = "the token with from <= u < to";
  // As many digits as tell u from both ends of the stretch.
  Digits n = hand.n;
  while (n.extra < 8
         && !(n.printed(d.from[d.drawn]) <= n.printed(d.u) && n.printed(d.u) < n.printed(d.to[d.drawn]))) {
    ++n.extra;
  }
  section.numbers = "u = " + n(d.u) + ": " + n(d.from[d.drawn]) + " <= u < " + n(d.to[d.drawn]) + ", token "
                    + std::to_string(d.drawn);
  section.result = e.subject.label(token);
  return section;
}

Page make_sampling(const Request& request) {
  const Scope scope{.topic = "sampling", .sites = kSamplingSites};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Draw d = draw_of(e, request.options);
  Page page =
      page_of(scope.topic,
              "The next character is drawn at random, each token with its probability. A temperature below 1 "
              "makes the probable ones more probable still; near 0 the likeliest is always taken.",
              {195, 196, true});
  add_facts(page, e, scope);
  page.facts.push_back({"temperature", "temperature", d.temperature, number(3)});
  page.facts.push_back({"seed", "seed", std::to_string(d.seed)});
  page.sections = {probabilities_section(e, d, hand), draw_section(e, d, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec sampling_topic() {
  return {.name = "sampling",
          .about = "How the next character is drawn",
          .example = "sampling --text emma --temperature 0.5 --seed 1",
          .needs = Needs::model_or_example,
          .options = explain::kSamplingOptions,
          .make = explain::make_sampling};
}

}  // namespace microgpt::view
