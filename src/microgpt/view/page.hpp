// What a view says, as data: a page of sections, each with words, a formula, a table and how to draw it. A page knows
// nothing of terminals, files or browsers; render/ makes text, JSON, SVG and CSV of it (docs/pages.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "microgpt/text/agreement.hpp"

namespace microgpt::view {

/// One entry of a table. Text is shown as it is, made safe by whoever draws it; an Agreement is a number that should be
/// 0, or one whose digits may be lost in rounding: words on a page where they are, a number in JSON; a list of numbers
/// is drawn as a sparkline. Nothing is an empty cell.
using Value = std::variant<std::monostate, std::string, std::int64_t, double, Agreement, std::vector<double>>;

/// How the numbers of a column are written. JSON and CSV always have every digit.
struct Format {
  enum class Kind : std::uint8_t {
    text,
    whole,    ///< with commas: 26,641
    fixed,    ///< `digits` after the point: for shares, cosines, changes, which are compared with each other
    number,   ///< the same, in scientific form where that would show nothing of it
    percent,  ///< a share of 1 as a percentage with `digits` after the point
  };
  Kind kind = Kind::text;
  int digits = 0;
};
constexpr Format text_format() {
  return {Format::Kind::text, 0};
}
constexpr Format whole() {
  return {Format::Kind::whole, 0};
}
constexpr Format fixed(int digits) {
  return {Format::Kind::fixed, digits};
}
constexpr Format number(int digits) {
  return {Format::Kind::number, digits};
}
constexpr Format percent(int digits) {
  return {Format::Kind::percent, digits};
}

/// What a number's colour is relative to: blue below 0, orange above.
enum class Heat : std::uint8_t {
  none,
  unit,    ///< 1: of shares, probabilities and cosines
  column,  ///< the largest size in its column
  table,   ///< the largest size in all columns of this kind
  row,     ///< from the lowest of its row, without colour, to the highest
};

struct Column {
  std::string key;    ///< for programs: unique in its table, lower case with underscores, never translated
  std::string title;  ///< for readers; may be empty
  Format format{};
  Heat heat = Heat::none;
};

struct Table {
  std::vector<Column> columns;
  std::size_t labels = 1;  ///< how many of the first columns name a row
  std::vector<std::vector<Value>> rows{};
  std::size_t totals = 0;  ///< how many of the last rows sum up the others: no heat, not drawn
  /// How many rows there would be if the view had not left out the last of them; 0: it left out none.
  std::size_t total_rows = 0;
  std::string more{};  ///< how to get the others: "--top 0 shows all"

  [[nodiscard]] bool empty() const { return columns.empty(); }
};

/// A line across a figure of lines or bars: "guessing", 3.2958.
struct Reference {
  std::string title;
  double value = 0;
};

/// How a table is drawn.
struct Figure {
  enum class Kind : std::uint8_t {
    line,     ///< y over x, numbers or names; a column of y is one line, cells without a number are gaps
    bars,     ///< a bar for each row and column of y, rows named by columns x and `label`
    heatmap,  ///< the columns y, or the one column of lists, as a matrix; rows named by columns x and `label`
    scatter,  ///< points at (x, first of y), named by column `label`
  };
  Kind kind = Kind::line;
  std::string title;           ///< what is to be seen, for readers who cannot see it too
  std::size_t x = 0;           ///< a column of the table
  std::vector<std::size_t> y;  ///< columns of the table
  std::optional<std::size_t> label{};
  std::string x_title{}, y_title{};
  std::vector<Reference> references{};
};

/// Lines of microgpt.py; none if `first` is 0.
struct Lines {
  int first = 0;
  int last = 0;
  bool course_only = false;  ///< known of the course revision alone

  bool operator==(const Lines&) const = default;
};

struct Section {
  std::string key;  ///< for programs and for --section: unique in its page
  std::string title{};
  std::string address{};  ///< of what is shown: "layer0.attn.pattern[head 2]"
  Lines lines{};
  std::string says{};
  std::string formula{};
  std::string numbers{};          ///< the formula with numbers in it
  std::optional<Value> result{};  ///< what they come to
  int digits = 4;                 ///< of the result
  Table table{};
  std::optional<Figure> figure{};
  std::string note{};                    ///< how to read the table
  std::optional<Agreement> agreement{};  ///< with the same computed another way; `note` or `says` tells of it
};

/// What holds for the whole page: "loss 2.1234".
struct Fact {
  std::string key;
  std::string title;
  Value value;
  Format format{};
};

struct Page {
  std::string view;  ///< the view's or topic's name
  std::string about{};
  Lines lines{};
  std::vector<Fact> facts{};
  std::vector<Section> sections{};
  bool steps = false;  ///< whether the sections are steps of one computation, to be numbered
};

}  // namespace microgpt::view
