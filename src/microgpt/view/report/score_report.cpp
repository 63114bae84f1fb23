#include "microgpt/view/report/score_report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/report/loss_facts.hpp"

namespace microgpt::view {

namespace {

/// exp(-nats), which is never 0, though a double may not hold it.
Value probability_cell(double nats) {
  const double p = std::exp(-nats);
  return p > 0 ? Value(p) : Value("< 1e-300");
}

/// `name` is what its figure calls the text.
Section text_section(const ScoredText& scored, std::size_t number_of_text, const std::string& name,
                     std::size_t rows, const std::string& more) {
  Section section{.key = "text_" + std::to_string(number_of_text), .title = in_quotes(scored.text)};
  section.table = {.columns = {{"character", "character"},
                               {"probability", "probability", number(4)},
                               {"bits", "bits", number(2)},
                               {"nats", "nats", number(4)}}};
  const std::size_t shown = std::min(rows, scored.nats.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const double nats = scored.nats[i];
    section.table.rows.push_back(
        {i == scored.characters.size() ? "end" : character_text(scored.characters[i]), probability_cell(nats),
         in_bits(nats), nats});
  }
  if (shown < scored.nats.size()) {
    section.table.total_rows = scored.nats.size();
    section.table.more = more;
  }
  section.table.rows.push_back(
      {std::string("total"), probability_cell(scored.total()), in_bits(scored.total()), scored.total()});
  section.table.totals = 1;
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "Surprise of each character of " + name, .y = {2}};
  return section;
}

Section summary_section(std::span<const ScoredText> texts, std::size_t rows, const std::string& more) {
  Section section{.key = "texts", .title = "The texts"};
  section.table = {.columns = {{"text", "text"},
                               {"predictions", "predictions", whole()},
                               {"bits", "bits", number(2)},
                               {"nats", "nats", number(4)},
                               {"nats_mean", "nats per character", number(4)},
                               {"bits_mean", "bits per character", number(3)},
                               {"perplexity", "perplexity", number(2)}}};
  const std::size_t shown = std::min(rows, texts.size());
  for (const ScoredText& scored : texts.first(shown)) {
    section.table.rows.push_back({scored.text, static_cast<std::int64_t>(scored.nats.size()),
                                  in_bits(scored.total()), scored.total(), scored.mean(),
                                  in_bits(scored.mean()), perplexity_cell(scored.mean())});
  }
  if (shown < texts.size()) {
    section.table.total_rows = texts.size();
    section.table.more = more;
  }
  section.figure = Figure{.kind = Figure::Kind::bars, .title = "Bits per character of each text", .y = {5}};
  return section;
}

}  // namespace

Page score_report(std::span<const ScoredText> texts, std::size_t rows, const std::string& more) {
  std::size_t left = rows == 0 ? std::numeric_limits<std::size_t>::max() : rows;
  Page page{.view = "score",
            .about =
                "Surprise is -log2 of the probability of a character, given those before it. The end of a "
                "text counts as a character; a piece of a stream has no end."};
  if (texts.size() == 1) {
    const ScoredText& only = texts.front();
    page.facts = {{"text", "text", only.text},
                  {"predictions", only.ends ? "characters, with the end" : "characters",
                   static_cast<std::int64_t>(only.nats.size()), whole()},
                  {"bits", "surprise in bits", in_bits(only.total()), number(2)},
                  {"nats", "in nats", only.total(), number(4)}};
    add_loss_facts(page.facts, "mean_", "mean", only.mean());
  } else {
    page.sections.push_back(summary_section(texts, left, more));
    left -= std::min(left, texts.size());
  }
  std::size_t number_of_text = 0;
  for (const ScoredText& scored : texts) {
    if (left == 0) break;
    ++number_of_text;
    const std::string quoted = in_quotes(scored.text);
    const std::string name =
        texts.size() == 1 ? quoted : "text " + std::to_string(number_of_text) + ", " + quoted;
    page.sections.push_back(text_section(scored, number_of_text, name, left, more));
    left -= std::min(left, scored.nats.size());
  }
  return page;
}

}  // namespace microgpt::view
