// Pages made by hand with everything a page can have, for the renderers.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::test {

/// A table of `rows` rows, each a name and `columns` numbers, 1/4 apart; those of the rows go on where the last ended.
inline view::Table numbers_table(std::size_t rows, std::size_t columns, view::Heat heat = view::Heat::table) {
  view::Table table{.columns = {{"name", "name"}}};
  for (std::size_t c = 0; c < columns; ++c) {
    table.columns.push_back({"c" + std::to_string(c), std::to_string(c), view::fixed(2), heat});
  }
  double next = -2;
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<view::Value> row = {"row " + std::to_string(r)};
    for (std::size_t c = 0; c < columns; ++c) row.emplace_back(next += 0.25);
    table.rows.push_back(row);
  }
  return table;
}

/// Losses over steps, with gaps in the second line.
inline view::Section curve_section(int steps) {
  view::Section curve{.key = "loss", .title = "The loss"};
  curve.table.columns = {{"step", "step", view::whole()},
                         {"train", "training", view::number(4)},
                         {"held_out", "held out", view::number(4)}};
  for (int step = 1; step <= steps; ++step) {
    curve.table.rows.push_back(
        {std::int64_t{step}, 2 + 1.0 / step, step % 4 == 0 ? view::Value(2.25 + 1.0 / step) : view::Value()});
  }
  curve.figure = view::Figure{.title = "Losses by step",
                              .x = 0,
                              .y = {1, 2},
                              .x_title = "step",
                              .y_title = "nats per character",
                              .references = {{"guessing", 3.25}, {"trigram", 2.5}}};
  return curve;
}

inline view::Section scatter_section() {
  view::Section points{.key = "map", .title = "Tokens on a map"};
  points.table.columns = {{"token", "token"}, {"x", "x", view::number(2)}, {"y", "y", view::number(2)}};
  points.table.rows = {{"'a'", 0.0, 0.0},         {"'b'", 10.0, 0.0},  {"' '", 0.0, 10.0},
                       {"BOS", 10.0, 10.0},       {"'c'", 10.0, 10.0}, {"'\\n'", 5.0, 5.0},
                       {"'d'", std::nan(""), 1.0}};
  points.figure = view::Figure{.kind = view::Figure::Kind::scatter,
                               .title = "Where the tokens lie",
                               .x = 1,
                               .y = {2},
                               .label = 0,
                               .x_title = "first",
                               .y_title = "second"};
  return points;
}

/// Bars on both sides of 0, and two rows of totals.
inline view::Section bars_section() {
  view::Section bars{.key = "parts", .title = "The parts of a logit"};
  bars.address = "logits[token 'a']";
  bars.lines = {108, 140, true};
  bars.says = "Every part of the model adds something to the residual stream.";
  bars.formula = "logit = sum of parts";
  bars.numbers = "1 + 0.5 - 0.25";
  bars.result = 1.25;
  bars.digits = 3;
  bars.table.columns = {
      {"part", "part"}, {"adds", "adds", view::number(4), view::Heat::column}, {"reads", "reads"}};
  bars.table.rows = {{"layer0.attn.z[head 1]", 1.0, "what stands before"},
                     {"layer1.mlp.post[neuron 3]", 0.5, "the beginning"},
                     {"embed", -0.25, std::monostate()},
                     {"7 smaller parts", 0.125, std::monostate()},
                     {"sum", 1.375, std::monostate()}};
  bars.table.totals = 2;
  bars.table.total_rows = 10;
  bars.table.more = "--top 0 shows all";
  bars.figure = view::Figure{.kind = view::Figure::Kind::bars,
                             .title = "What each part adds",
                             .x = 0,
                             .y = {1},
                             .y_title = "change of the logit"};
  bars.agreement = Agreement{.difference = 1e-16, .rounding = 1e-15, .with = "the logit"};
  bars.note = "The sum agrees with the logit to 1e-12.";
  return bars;
}

inline view::Section matrix_section(std::size_t rows = 6, std::size_t columns = 26) {
  view::Section matrix{.key = "pattern", .title = "What each position looks at"};
  matrix.table = numbers_table(rows, columns);
  matrix.figure = view::Figure{
      .kind = view::Figure::Kind::heatmap, .title = "Attention", .x = 0, .y = {}, .x_title = "from"};
  for (std::size_t c = 1; c <= columns; ++c) matrix.figure->y.push_back(c);
  return matrix;
}

/// Words of every kind, lists, exact zeros, large and small numbers.
inline view::Section words_section() {
  view::Section words{.key = "words", .title = "Rows of words"};
  words.table.columns = {{"name", "name"},
                         {"count", "count", view::whole()},
                         {"share", "share", view::percent(1)},
                         {"change", "change", view::number(3)},
                         {"curve", "by step"},
                         {"text", "it fires most on"}};
  words.table.rows = {
      {"漢字", std::int64_t{26641}, 0.25, 0.0, std::vector<double>{1, 2, 3, 4}, "emma and the others"},
      {"e\u0301", std::int64_t{-3}, 0.0, 1e-7, std::vector<double>{4, std::nan(""), 1},
       "a long text of many words that does not fit beside the other columns of a narrow screen and is "
       "wrapped"},
      {"none", std::monostate(), std::monostate(), Agreement{1e-17, 1e-16, "0"}, std::monostate(),
       std::monostate()}};
  return words;
}

inline view::Page whole_page() {
  return {.view = "ledger",
          .about =
              "A page with everything that a page can have, in one sentence that is long enough to be "
              "wrapped on each screen.",
          .lines = {97, 140},
          .facts = {{"text", "text", "emma"},
                    {"loss", "loss", 2.1234, view::number(4)},
                    {"documents", "documents", std::int64_t{32033}, view::whole()}},
          .sections = {bars_section(), words_section(), matrix_section(3, 14)}};
}

}  // namespace microgpt::test
