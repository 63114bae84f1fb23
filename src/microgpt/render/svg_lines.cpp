// Lines over numbers, or over the names of rows.
#include <algorithm>
#include <cmath>

#include "microgpt/base/number.hpp"
#include "microgpt/render/svg_axes.hpp"
#include "microgpt/render/svg_figure.hpp"

namespace microgpt::render {

namespace {

constexpr std::size_t kMostDots = 40;  // of one line: more could not be told apart
constexpr double kReferenceWords = 116;

/// A horizontal line with its name in the margin on its right.
struct ReferenceLine {
  double y = 0;
  std::vector<std::string> words;
  double top = 0;  ///< of the words

  [[nodiscard]] double height() const { return 13 * static_cast<double>(words.size()); }
};

/// How wide the margin is that the names of references need.
double reference_margin(const std::vector<view::Reference>& references) {
  double widest = 0;
  for (const view::Reference& reference : references) {
    for (const std::string& line : wrapped_to_pixels(reference.title, kReferenceWords, 3, Font::small))
      widest = std::max(widest, text_width(line, Font::small));
    widest = std::max(widest, text_width(fixed_text(reference.value, 3), Font::small));
  }
  return widest > 0 ? widest + 8 : 0;
}

/// Each name beside its line, but not upon another.
void draw_references(Canvas& canvas, const Axes& axes, const std::vector<view::Reference>& references) {
  std::vector<ReferenceLine> lines;
  for (const view::Reference& reference : references) {
    if (!std::isfinite(reference.value)) continue;
    ReferenceLine line{.y = axes.y(reference.value),
                       .words = wrapped_to_pixels(reference.title, kReferenceWords, 3, Font::small)};
    line.words.push_back(fixed_text(reference.value, 3));
    line.top = line.y - line.height() / 2;
    lines.push_back(std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  double free = 0;
  for (ReferenceLine& line : lines) {
    line.top = std::max(line.top, free);
    free = line.top + line.height() + 3;
  }
  double limit = std::max(axes.bottom() + 8, free);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    line->top = std::min(line->top, limit - line->height());
    limit = line->top - 3;
  }
  for (const ReferenceLine& line : lines) {
    canvas.line(axes.left(), line.y, axes.right(), line.y, "reference");
    canvas.line(axes.right(), line.y, axes.right() + 10, line.top + line.height() / 2, "axis");
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      canvas.text(axes.right() + 14, line.top + 10 + 13 * static_cast<double>(i), line.words[i], "start",
                  "small");
    }
    canvas.height = std::max(canvas.height, line.top + line.height());
  }
}

/// The x axis: numbers, or the names of the rows where column x has texts.
XAxis x_axis_of(const view::Table& table, const view::Figure& figure) {
  XAxis axis;
  axis.whole = table.columns[figure.x].format.kind == view::Format::Kind::whole;
  bool numbers = false;
  for (std::size_t r = 0; r < rows_without_totals(table); ++r) {
    axis.names.push_back(row_name(table, figure, r));
    axis.range.add(cell_number(table, r, figure.x));
    numbers = numbers || !std::isnan(cell_number(table, r, figure.x));
  }
  if (numbers) axis.names.clear();
  return axis;
}

}  // namespace

Canvas draw_lines(const view::Table& table, const view::Figure& figure, double width) {
  const std::size_t rows = rows_without_totals(table);
  const XAxis x = x_axis_of(table, figure);
  Range y;
  for (std::size_t r = 0; r < rows; ++r) {
    for (const std::size_t c : figure.y) y.add(cell_number(table, r, c));
  }
  for (const view::Reference& reference : figure.references) y.add(reference.value);
  Canvas canvas;
  canvas.width = width;
  if (y.empty() || (x.names.empty() && x.range.empty())) return canvas;
  const double legend = draw_legend(canvas, table, figure, width);
  const Axes axes(x, y, width - reference_margin(figure.references), legend + 26);
  axes.draw(canvas, figure.x_title, figure.y_title);
  draw_references(canvas, axes, figure.references);
  const auto at = [&](std::size_t r) {
    return x.names.empty() ? cell_number(table, r, figure.x) : static_cast<double>(r);
  };
  for (std::size_t i = 0; i < figure.y.size(); ++i) {
    const std::size_t column = figure.y[i];
    std::vector<std::size_t> points;  // a series with fewer of them than rows is one line all the same
    for (std::size_t r = 0; r < rows; ++r) {
      if (std::isfinite(cell_number(table, r, column)) && std::isfinite(at(r))) points.push_back(r);
    }
    std::string d;
    for (const std::size_t r : points) {
      d += (d.empty() ? "M" : " L") + coordinate(axes.x(at(r))) + " "
           + coordinate(axes.y(cell_number(table, r, column)));
    }
    if (points.empty()) continue;
    canvas.path(d, "curve " + series_style(i));
    if (points.size() > kMostDots) continue;
    for (const std::size_t r : points) {
      canvas.dot(axes.x(at(r)), axes.y(cell_number(table, r, column)), "dot " + series_style(i),
                 table.columns[column].title + ", " + row_name(table, figure, r) + ": "
                     + cell_text(table, r, column));
    }
  }
  note_left_out(canvas, table, rows, width);
  return canvas;
}

}  // namespace microgpt::render
