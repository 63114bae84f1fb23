// Bars and heat maps: one row of the table is one row of the figure.
#include <algorithm>
#include <cmath>

#include "microgpt/render/heat.hpp"
#include "microgpt/render/svg_canvas.hpp"
#include "microgpt/render/table_text.hpp"

namespace microgpt::render {

namespace {

constexpr std::size_t kMostRows = 64;  // more could not be read
constexpr std::size_t kMostColumns = 64;
constexpr double kBar = 20;  // a bar with the gap below it
constexpr double kLongestName = 240;

std::string cell_text(const view::Table& table, std::size_t row, std::size_t column) {
  if (column >= table.rows[row].size()) return "";
  return value_text(table.rows[row][column], table.columns[column].format);
}

std::size_t shown_rows(const view::Table& table) {
  return std::min(table.rows.size() - table.totals, kMostRows);
}

double widest_name(const view::Table& table, std::size_t column) {
  double widest = 0;
  for (std::size_t r = 0; r < shown_rows(table); ++r)
    widest = std::max(widest, text_width(cell_text(table, r, column)));
  return std::min(widest, kLongestName);
}

}  // namespace

Canvas draw_bars(const view::Table& table, const view::Figure& figure, double width) {
  const std::size_t rows = shown_rows(table);
  const std::size_t column = figure.y.at(0);
  const double names = widest_name(table, figure.x) + 10;
  double low = 0, high = 0, values = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const double value = column < table.rows[r].size() ? number_of(table.rows[r][column]) : 0;
    if (std::isfinite(value)) low = std::min(low, value);
    if (std::isfinite(value)) high = std::max(high, value);
    values = std::max(values, text_width(cell_text(table, r, column)) + 8);
  }
  const double left = names + (low < 0 ? values : 0);
  const double right = width - values;
  const double scale = high > low ? (right - left) / (high - low) : 0;
  const double zero = left - low * scale;
  Canvas canvas;
  canvas.width = width;
  double y = figure.y_title.empty() ? 0 : 18;
  if (y > 0) canvas.text(0, 10, figure.y_title);
  for (std::size_t r = 0; r < rows; ++r, y += kBar) {
    const std::string name = cell_text(table, r, figure.x);
    canvas.text(names - 8, y + 13, cut_to_pixels(name, kLongestName), "end");
    const double value = column < table.rows[r].size() ? number_of(table.rows[r][column]) : std::nan("");
    if (!std::isfinite(value)) continue;
    const std::string words = cell_text(table, r, column);
    const double length = std::abs(value) * scale;
    canvas.bar(value < 0 ? zero - length : zero, y + 2, std::max(length, 0.5), kBar - 5, value < 0,
               name + ": " + words);
    canvas.text(value < 0 ? zero - length - 5 : zero + length + 5, y + 13, words,
                value < 0 ? "end" : "start");
  }
  canvas.line(zero, figure.y_title.empty() ? 0 : 18, zero, y, "axis");
  canvas.height = y + 6;
  return canvas;
}

Canvas draw_heatmap(const view::Table& table, const view::Figure& figure, double width) {
  const std::size_t rows = shown_rows(table);
  const std::size_t columns = std::min(figure.y.size(), kMostColumns);
  const auto heat = heat_of(table);
  const double names = widest_name(table, figure.x) + 10;
  double widest = 0, titles = 0;
  for (std::size_t i = 0; i < columns; ++i) {
    titles = std::max(titles, text_width(table.columns[figure.y[i]].title));
    for (std::size_t r = 0; r < rows; ++r)
      widest = std::max(widest, text_width(cell_text(table, r, figure.y[i])));
  }
  const double most = (width - names) / static_cast<double>(std::max<std::size_t>(columns, 1));
  const double cell = std::clamp(most, 8.0, 52.0);
  const double row = std::min(cell, 26.0);
  const bool written = widest + 6 <= cell && row >= 14;  // the numbers, in their cells
  const bool upright = titles + 4 > cell;
  const double top = (figure.x_title.empty() ? 0 : 16) + (upright ? std::min(titles, kLongestName) + 8 : 18);
  Canvas canvas;
  if (!figure.x_title.empty()) canvas.text(names, 10, figure.x_title);
  if (text_width(figure.y_title) <= names - 8) canvas.text(0, top - 6, figure.y_title);
  for (std::size_t i = 0; i < columns; ++i) {
    const double x = names + static_cast<double>(i) * cell;
    const std::string& title = table.columns[figure.y[i]].title;
    if (upright) {
      canvas.upright(x + cell / 2 + 4, top - 6, cut_to_pixels(title, kLongestName));
    } else {
      canvas.text(x + cell / 2, top - 6, title, "middle");
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const double y = top + static_cast<double>(r) * row;
    const std::string name = cell_text(table, r, figure.x);
    canvas.text(names - 8, y + row / 2 + 4, cut_to_pixels(name, kLongestName), "end");
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t c = figure.y[i];
      if (c >= table.rows[r].size() || !std::isfinite(number_of(table.rows[r][c]))) continue;
      const double x = names + static_cast<double>(i) * cell;
      const std::string words = cell_text(table, r, c);
      canvas.heat(x, y, cell - 1, row - 1, heat[r][c], name + ", " + table.columns[c].title + ": " + words);
      if (written) canvas.text(x + cell / 2, y + row / 2 + 4, words, "middle", "small");
    }
  }
  canvas.width = names + static_cast<double>(columns) * cell;
  canvas.height = top + static_cast<double>(rows) * row + 4;
  const std::size_t hidden = table.rows.size() - table.totals - rows + (figure.y.size() - columns);
  if (hidden > 0) {
    canvas.text(0, canvas.height + 12,
                "rows and columns beyond the first " + std::to_string(kMostRows) + " are left out", "start",
                "small");
    canvas.height += 18;
  }
  return canvas;
}

}  // namespace microgpt::render
