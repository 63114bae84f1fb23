// A table laid out for a screen: the cells as text with their heat, the columns in blocks as wide as the screen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "microgpt/render/text.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// One value as text.
std::string value_text(const view::Value& value, const view::Format& format);

class TableText {
 public:
  /// `spread`: rows that are left out are taken from everywhere, not from the end.
  TableText(const view::Table& table, const Screen& screen, int indent, bool spread);

  [[nodiscard]] std::size_t rows() const { return rows_.size() - totals_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }

  /// At most so many rows, beside the totals, of the first so many blocks, and what was left out.
  [[nodiscard]] std::vector<std::string> lines(std::size_t most_rows, std::size_t most_blocks) const;

 private:
  struct Cell {
    std::string text;
    double heat = 0;
  };

  [[nodiscard]] std::vector<std::size_t> shown_rows(std::size_t most) const;
  void add_rows(const view::Table& table);
  void measure(std::size_t width);
  [[nodiscard]] std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& columns,
                                 bool heading) const;

  Screen screen_;
  std::size_t indent_;
  bool spread_;
  std::size_t labels_;
  std::size_t totals_;
  std::size_t total_rows_;
  std::string more_;
  std::vector<Cell> headings_;
  std::vector<bool> left_;  // words stand on the left, numbers on the right
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::size_t>> blocks_;  // columns that stand beside each other, labels first
};

}  // namespace microgpt::render
