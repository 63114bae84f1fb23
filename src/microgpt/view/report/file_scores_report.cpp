#include "microgpt/view/report/file_scores_report.hpp"

#include <algorithm>

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/report/loss_facts.hpp"

namespace microgpt::view {

namespace {

Value whole_value(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

Value text_cell(std::string_view text, const FileScoresExtent& extent) {
  return extent.characters == 0 ? std::string(text) : shortened(text, extent.characters);
}

/// How many of `count` rows are shown.
std::size_t rows_of(std::size_t count, const FileScoresExtent& extent, Table& table) {
  if (extent.rows == 0 || count <= extent.rows) return count;
  table.total_rows = count;
  table.more = extent.more;
  return extent.rows;
}

Section scored_section(const FileScores& scores, bool ranked, const FileScoresExtent& extent) {
  Section section{
      .key = "texts",
      .title = ranked ? "The texts, the most surprising first" : "The texts, in the order of the file"};
  section.table = {.columns = {{"line", "line", whole()},
                               {"text", "text"},
                               {"predictions", "predictions", whole()},
                               {"nats", "nats", number(4)},
                               {"nats_mean", "nats per character", number(4)}},
                   .labels = 2};
  const std::size_t rows = rows_of(scores.scored.size(), extent, section.table);
  section.table.rows.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const FileScores::Text& text = scores.scored[i];
    section.table.rows.push_back({whole_value(text.line), text_cell(text.text, extent),
                                  whole_value(text.loss.characters), text.loss.nats,
                                  text.loss.nats / static_cast<double>(text.loss.characters)});
  }
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "Nats per character of each text", .y = {4}, .label = 1};
  return section;
}

Section not_scored_section(const FileScores& scores, const FileScoresExtent& extent) {
  Section section{.key = "not_scored",
                  .title = "Not scored",
                  .says = "The model does not know one of their characters; the first such is shown."};
  section.table = {.columns = {{"line", "line", whole()}, {"text", "text"}, {"character", "character"}},
                   .labels = 2};
  const std::size_t rows = rows_of(scores.not_scored.size(), extent, section.table);
  for (std::size_t i = 0; i < rows; ++i) {
    const FileScores::Unknown& text = scores.not_scored[i];
    std::string character;
    append_utf8(character, text.character);
    section.table.rows.push_back(
        {whole_value(text.line), text_cell(text.text, extent), character_text(character)});
  }
  return section;
}

}  // namespace

Page file_scores_report(const FileScores& scores, bool ranked, const FileScoresExtent& extent) {
  const bool stream = scores.dataset.mode() == DataMode::stream;
  Page page{.view = "score",
            .about = stream ? "How surprising the model finds the text of a file: -log p of every character "
                              "after those before it."
                            : "How surprising the model finds each text of a file: -log p of every character "
                              "after those before it. The end of a text counts as a character."};
  LossSum all;
  for (const FileScores::Text& text : scores.scored) all += text.loss;
  page.facts = {{"file", "file", scores.name},
                {"scored", "texts scored", whole_value(scores.scored.size()), whole()},
                {"not_scored", "texts not scored", whole_value(scores.not_scored.size()), whole()},
                {"predictions", stream ? "characters" : "characters, with the ends of texts",
                 whole_value(all.characters), whole()}};
  add_loss_facts(page.facts, "mean_", "mean", all.nats / static_cast<double>(all.characters));
  page.sections = {scored_section(scores, ranked, extent)};
  if (!scores.not_scored.empty()) page.sections.push_back(not_scored_section(scores, extent));
  return page;
}

}  // namespace microgpt::view
