// Bars: one row of the table is one bar, or one beside the other for each column that is drawn.
#include <algorithm>
#include <cmath>

#include "microgpt/base/number.hpp"
#include "microgpt/render/svg_axes.hpp"
#include "microgpt/render/svg_figure.hpp"

namespace microgpt::render {

namespace {

constexpr std::size_t kMostBars = 64;  // more could not be taken in

/// Where the bars and the words beside them stand.
struct BarPlaces {
  double names = 0;  ///< right end of the names
  double zero = 0;   ///< of the values
  double scale = 0;  ///< pixels for 1
  double thick = 15;

  [[nodiscard]] double at(double value) const { return zero + Range::clamped(value) * scale; }
};

BarPlaces bar_places(const view::Table& table, const view::Figure& figure, std::size_t rows, double width) {
  Range range;
  range.add(0);
  double below = 0, above = 0;  // room for the numbers beside the bars
  for (std::size_t r = 0; r < rows; ++r) {
    for (const std::size_t c : figure.y) {
      const double value = cell_number(table, r, c);
      range.add(value);
      (value < 0 ? below : above) =
          std::max(value < 0 ? below : above, text_width(cell_text(table, r, c)) + 9);
    }
  }
  for (const view::Reference& reference : figure.references) range.add(reference.value);
  BarPlaces places;
  places.names = width_of_names(table, figure, rows, title_of_names(table, figure, figure.x_title)) + 2;
  places.thick = figure.y.size() > 1 ? 14 : 15;
  const double left = places.names + 8 + below;
  const double right = width - above;
  // Halved, since their distance must be finite, too.
  places.scale = range.high > range.low ? (right - left) / 2 / (range.high / 2 - range.low / 2) : 0;
  places.zero = left - range.low * places.scale;
  return places;
}

void draw_bar(Canvas& canvas, const BarPlaces& places, double y, double value, const std::string& words,
              const std::string& style, const std::string& hint) {
  if (!std::isfinite(value)) {
    canvas.text(places.zero + 5, y + places.thick - 4, words.empty() ? "no number" : words, "start", "soft");
    return;
  }
  const double end = places.at(value);
  canvas.box(std::min(end, places.zero), y, std::max(std::abs(end - places.zero), 0.5), places.thick, style,
             hint);
  canvas.text(value < 0 ? end - 5 : end + 5, y + places.thick - 4, words, value < 0 ? "end" : "start",
              "over");
}

/// Vertical lines from `top` to `bottom`, their names below them in as many lines as it takes; returns where these end.
double draw_bar_references(Canvas& canvas, const BarPlaces& places, const view::Figure& figure, double top,
                           double bottom, double width) {
  std::vector<view::Reference> references = figure.references;
  std::erase_if(references, [](const auto& reference) { return !std::isfinite(reference.value); });
  std::stable_sort(references.begin(), references.end(),
                   [](const auto& a, const auto& b) { return a.value < b.value; });
  double free = 0;
  double y = bottom + 13;
  for (const view::Reference& reference : references) {
    const double at = places.at(reference.value);
    const std::string words =
        cut_to_pixels(reference.title, kLongestName, Font::small) + " " + fixed_text(reference.value, 3);
    const double wide = text_width(words, Font::small);
    const double x = std::clamp(at - wide / 2, 0.0, std::max(0.0, width - wide));
    if (x < free) y += kLine;
    canvas.line(at, top, at, y - 10, "reference");
    canvas.text(x, y, words, "start", "small over");
    free = x + wide + 8;
  }
  return references.empty() ? bottom : y + 4;
}

}  // namespace

Canvas draw_bars(const view::Table& table, const view::Figure& figure, double width) {
  const std::size_t rows = std::min(rows_without_totals(table), kMostBars);
  const BarPlaces places = bar_places(table, figure, rows, width);
  const auto count = static_cast<double>(figure.y.size());
  const bool one = figure.y.size() == 1;
  Canvas canvas;
  canvas.width = width;
  double y = draw_legend(canvas, table, figure, width);
  const std::string values =
      figure.y_title.empty() && one ? table.columns[figure.y[0]].title : figure.y_title;
  const double left = places.names + 8;
  const std::string names = title_of_names(table, figure, figure.x_title);
  canvas.text(places.names, y + 10, cut_to_pixels(names, kLongestName), "end", "soft");
  canvas.text(left, y + 10, cut_to_pixels(values, width - left), "start", "soft");
  if (!values.empty() || !names.empty()) y += 18;
  const double top = y;
  const double height = count * places.thick + 5;
  const double bottom = top + static_cast<double>(rows) * height;
  const double end = draw_bar_references(canvas, places, figure, top, bottom, width);
  for (std::size_t r = 0; r < rows; ++r, y += height) {
    const std::string name = row_name(table, figure, r);
    canvas.text(places.names, y + 2 + (height - 5) / 2 + 4, cut_to_pixels(name, kLongestName), "end");
    for (std::size_t i = 0; i < figure.y.size(); ++i) {
      const std::size_t c = figure.y[i];
      const double value = cell_number(table, r, c);
      const std::string words = cell_text(table, r, c);
      const std::string style = one ? (value < 0 ? "cold" : "warm") : "bar " + series_style(i);
      const std::string of = one ? name : name + ", " + table.columns[c].title;
      draw_bar(canvas, places, y + 2 + static_cast<double>(i) * places.thick, value, words, style,
               of + ": " + words);
    }
  }
  canvas.line(places.zero, top, places.zero, bottom, "axis");
  canvas.height = end + 4;
  note_left_out(canvas, table, rows, width);
  return canvas;
}

}  // namespace microgpt::render
