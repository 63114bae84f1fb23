#include "microgpt/view/study/attention_sections.hpp"

#include <algorithm>
#include <span>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view {

namespace {

constexpr std::size_t kStrongest = 3;  // sources named for each head

std::string head_address(Site site, const study::HeadAt& head) {
  return study::to_string({.site = site, .layer = head.layer, .head = head.head});
}

void leave_out_heads(Table& table, std::size_t heads) {
  if (table.rows.size() == heads) return;
  table.total_rows = heads;
  table.more = "--heads 0 shows all";
}

const char* const kSortedByWhatTheyWrite =
    "The heads are sorted by what they write here: the length of the vector that a head adds to the residual "
    "stream at this position. A head that writes little hardly matters, wherever it looks.";

}  // namespace

Section strongest_sources(const AttentionChoice& choice, std::size_t heads) {
  Section section{.key = "strongest",
                  .title = "Where each head looks from position "
                           + choice.source_title(static_cast<std::size_t>(choice.position))};
  const std::size_t sources = std::min(kStrongest, static_cast<std::size_t>(choice.position) + 1);
  Table& table = section.table;
  table.columns = {{"head", "head"}};
  for (std::size_t i = 1; i <= sources; ++i) {
    table.columns.push_back({"source_" + std::to_string(i), i == 1 ? "looks at" : "then at"});
    table.columns.push_back({"weight_" + std::to_string(i), "weight", fixed(3), Heat::unit});
  }
  table.columns.push_back({"writes", "writes", number(3), Heat::column});
  for (const study::HeadAt& head : std::span(choice.heads).first(heads)) {
    std::vector<Value> row = {head_address(Site::pattern, head)};
    for (const std::size_t source : study::ranked(head.pattern, sources)) {
      row.emplace_back(choice.source_title(source));
      row.emplace_back(head.pattern[source]);
    }
    row.emplace_back(head.writes);
    table.rows.push_back(std::move(row));
  }
  leave_out_heads(table, choice.heads.size());
  section.note = kSortedByWhatTheyWrite;
  return section;
}

Section sources_of_position(const AttentionChoice& choice, std::size_t heads, std::size_t shown) {
  const bool of_patterns = choice.site == Site::pattern;
  const auto sources = static_cast<std::size_t>(choice.position) + 1;
  std::vector<double> together(sources, 0);
  for (const study::HeadAt& head : choice.heads) {
    for (std::size_t j = 0; j < sources; ++j) together[j] += head.pattern[j];
  }
  const std::vector<std::size_t> order = study::ranked(together, shown);

  Section section{.key = "sources",
                  .title = "What position " + choice.source_title(sources - 1) + " looks at",
                  .lines = {info(choice.site).line, info(choice.site).line}};
  Table& table = section.table;
  table.columns = {{"head", "head"}};
  for (const std::size_t source : order) table.columns.push_back(choice.source_column(source));
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = std::string(of_patterns ? "The attention" : "The attention scores")
                         + " of each head at position " + choice.source_title(sources - 1),
                .y = {},
                .y_title = "head"};
  for (std::size_t c = 1; c < table.columns.size(); ++c) figure.y.push_back(c);
  const bool with_rest = of_patterns && order.size() < sources;
  if (with_rest)
    table.columns.push_back({"others", counted(sources - order.size(), "other"), fixed(3), Heat::unit});
  table.columns.push_back({"writes", "writes", number(3), Heat::column});
  for (const study::HeadAt& head : std::span(choice.heads).first(heads)) {
    const std::vector<double> values =
        of_patterns ? head.pattern
                    : choice.trace.head_row(choice.site, head.layer, head.head, choice.position);
    std::vector<Value> row = {head_address(choice.site, head)};
    std::vector<bool> seen(sources, false);
    for (const std::size_t source : order) {
      row.emplace_back(values[source]);
      seen[source] = true;
    }
    double rest = 0;
    for (std::size_t j = 0; j < sources; ++j) rest += seen[j] ? 0 : values[j];
    if (with_rest) row.emplace_back(rest);
    row.emplace_back(head.writes);
    table.rows.push_back(std::move(row));
  }
  leave_out_heads(table, choice.heads.size());
  section.figure = std::move(figure);
  section.note = kSortedByWhatTheyWrite;
  if (order.size() > 1) {
    section.note += " The columns are sorted by the attention of all these heads together.";
  }
  if (order.size() < sources) {
    section.note += " The " + counted(sources - order.size(), "position") + " with the least attention "
                    + (sources - order.size() == 1 ? "is" : "are") + " left out; --positions 0 shows all.";
  }
  return section;
}

Section matrix_of_head(const AttentionChoice& choice, const study::HeadAt& head, std::size_t shown) {
  Section section{.key = "layer" + std::to_string(head.layer) + "_head" + std::to_string(head.head),
                  .title = "Head " + std::to_string(head.head) + " of layer " + std::to_string(head.layer),
                  .address = head_address(choice.site, head),
                  .lines = {info(choice.site).line, info(choice.site).line}};
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = "Where head " + std::to_string(head.head) + " of layer " + std::to_string(head.layer)
                         + " looks",
                .y = {},
                .x_title = "position looked at",
                .y_title = "position that looks"};
  Table& table = section.table;
  table.columns = {{"position", ""}};
  for (std::size_t j = 0; j < shown; ++j) {
    table.columns.push_back(choice.source_column(j));
    figure.y.push_back(j + 1);
  }
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<Value> row = {choice.source_title(i)};
    for (const double value :
         choice.trace.head_row(choice.site, head.layer, head.head, static_cast<int>(i))) {
      row.emplace_back(value);
    }
    row.resize(shown + 1);  // a position does not see those after it
    table.rows.push_back(std::move(row));
  }
  if (shown < choice.batch().positions()) {
    table.total_rows = choice.batch().positions();
    table.more = "--positions 0 shows all, --position INDEX what one of them looks at";
  }
  section.figure = std::move(figure);
  return section;
}

}  // namespace microgpt::view
