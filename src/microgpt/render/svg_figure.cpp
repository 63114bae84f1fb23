#include "microgpt/render/svg_figure.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/render/heat.hpp"
#include "microgpt/render/table_text.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

bool has_numbers(const view::Table& table, const view::Figure& figure) {
  for (std::size_t r = 0; r < rows_without_totals(table); ++r) {
    for (const std::size_t c : figure.y) {
      if (std::isfinite(cell_number(table, r, c))) return true;
      if (c < table.rows[r].size() && std::holds_alternative<std::vector<double>>(table.rows[r][c]))
        return true;
    }
  }
  return false;
}

std::size_t rows_without_totals(const view::Table& table) {
  return table.rows.size() - table.totals;
}

double cell_number(const view::Table& table, std::size_t row, std::size_t column) {
  return column < table.rows[row].size() ? number_of(table.rows[row][column]) : std::nan("");
}

std::string cell_text(const view::Table& table, std::size_t row, std::size_t column) {
  if (column >= table.rows[row].size()) return "";
  return value_text(table.rows[row][column], table.columns[column].format);
}

std::string row_name(const view::Table& table, const view::Figure& figure, std::size_t row) {
  std::string name = cell_text(table, row, figure.x);
  if (figure.label) name += " " + cell_text(table, row, *figure.label);
  return name;
}

std::string title_of_names(const view::Table& table, const view::Figure& figure, const std::string& axis) {
  return axis.empty() ? table.columns[figure.x].title : axis;
}

double width_of_names(const view::Table& table, const view::Figure& figure, std::size_t rows,
                      const std::string& title) {
  double widest = text_width(title);
  for (std::size_t r = 0; r < rows; ++r) widest = std::max(widest, text_width(row_name(table, figure, r)));
  return std::min(widest, kLongestName);
}

void note_left_out(Canvas& canvas, const view::Table& table, std::size_t rows, double most_width) {
  const std::size_t all = std::max(table.total_rows, rows_without_totals(table));
  if (rows == all) return;
  std::string words =
      with_commas(rows) + " of " + counted(all, "row") + (rows == 1 ? " is drawn" : " are drawn");
  if (rows == rows_without_totals(table) && !table.more.empty()) words += "; " + table.more;
  canvas.note(words, most_width);
}

std::string series_style(std::size_t number) {
  return "s" + std::to_string(number % kSeriesColours) + (number / kSeriesColours % 2 == 1 ? " dashed" : "");
}

double draw_legend(Canvas& canvas, const view::Table& table, const view::Figure& figure, double width) {
  constexpr double kSample = 18, kGap = 20;
  if (figure.y.size() < 2) return 0;
  double x = 0, y = 6;
  for (std::size_t i = 0; i < figure.y.size(); ++i) {
    const std::string title = cut_to_pixels(table.columns[figure.y[i]].title, kLongestName);
    const double taken = kSample + 6 + text_width(title);
    if (x > 0 && x + taken > width) {
      x = 0;
      y += kLine;
    }
    if (figure.kind == view::Figure::Kind::bars) {
      canvas.box(x + 4, y - 5, 10, 10, "bar " + series_style(i));
    } else {
      canvas.line(x, y, x + kSample, y, "curve " + series_style(i));
    }
    canvas.text(x + kSample + 6, y + 4, title);
    x += taken + kGap;
  }
  return y + kLine;
}

}  // namespace microgpt::render
