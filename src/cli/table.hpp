// Tables of numbers on a terminal or in a pipe: columns aligned, as wide as the screen and no wider, the heat
// of a number as a colour behind it where there are colours.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace microgpt::cli {

/// What is written on.
struct Screen {
  int width = 80;        ///< columns
  bool colours = false;  ///< a terminal, NO_COLOR unset, TERM not dumb
};

/// Standard output. Its width is `width`, if that is above 0, or else COLUMNS, or else the terminal's, or
/// else 80.
Screen screen(int width = 0);

/// A number with so many digits after the point; in scientific form where these would show none of it, or
/// where it is a million or more; "0" only if it is exactly 0; "inf", "-inf", "nan".
std::string number_text(double value, int digits);
/// The same for numbers that are compared with each other, as shares, weights and cosines are: never in
/// scientific form below a million, so that a column stays narrow; "0.00" is small, "0" exactly 0.
std::string fixed_text(double value, int digits);

struct Cell {
  std::string text;
  std::optional<double> heat = std::nullopt;  ///< -1 (blue) ... 0 (none) ... 1 (orange)
};

class Table {
 public:
  struct Column {
    std::string name;
    bool left = false;  ///< words stand on the left, numbers on the right
  };
  /// The first `labels` columns name a row.
  explicit Table(std::vector<Column> columns, std::size_t labels = 1)
      : columns_(std::move(columns)), labels_(labels) {}

  /// As many cells as there are columns, or fewer.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  /// Every line is preceded by `indent` spaces. Columns for which there is no room follow below, with the
  /// labels again.
  void print(std::ostream& out, const Screen& screen, int indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::size_t labels_;
  std::vector<std::vector<Cell>> rows_;
};

/// The words of a text in lines of the screen's width, every line after the first preceded by `hang` spaces,
/// the first by `indent`.
void print_wrapped(std::ostream& out, const Screen& screen, const std::string& text, int indent, int hang);

}  // namespace microgpt::cli
