// Lines over numbers, and points over numbers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/base/number.hpp"
#include "microgpt/render/heat.hpp"
#include "microgpt/render/svg_canvas.hpp"
#include "microgpt/render/table_text.hpp"

namespace microgpt::render {

namespace {

constexpr double kRow = 16;    // between lines of words
constexpr int kStyles = 6;     // colours of lines: classes s0 to s5
constexpr double kPlot = 260;  // height of what is inside the axes

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    value = std::clamp(value, -1e300, 1e300);  // so that their distance is finite, too
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// Axes with ticks, and where a number lies between them.
class Axes {
 public:
  Axes(Range x, Range y, double width, double top)
      : x_(ticks_of(x.low, x.high, 6)), y_(ticks_of(y.low, y.high, 5)), top_(top) {
    for (const double at : y_.at) left_ = std::max(left_, 14 + text_width(y_.text(at)));
    // Values reach from the first to the last of the numbers; the ticks of x need not go beyond them.
    x_low_ = x.high > x.low ? x.low : x_.at.front();
    x_high_ = x.high > x.low ? x.high : x_.at.back();
    right_ = width - 16;
  }

  [[nodiscard]] double x(double value) const {
    return left_ + (std::clamp(value, x_low_, x_high_) - x_low_) / (x_high_ - x_low_) * (right_ - left_);
  }
  [[nodiscard]] double y(double value) const {
    const double low = y_.at.front(), high = y_.at.back();
    return top_ + (high - std::clamp(value, low, high)) / (high - low) * kPlot;
  }
  [[nodiscard]] double left() const { return left_; }
  [[nodiscard]] double right() const { return right_; }
  [[nodiscard]] double bottom() const { return top_ + kPlot; }

  void draw(Canvas& canvas, const std::string& x_title, const std::string& y_title) const {
    for (const double at : y_.at) {
      canvas.line(left_, y(at), right_, y(at), "grid");
      canvas.text(left_ - 8, y(at) + 4, y_.text(at), "end");
    }
    for (const double at : x_.at) {
      if (at < x_low_ - 1e-9 * std::abs(x_low_) || at > x_high_ + 1e-9 * std::abs(x_high_)) continue;
      canvas.line(x(at), bottom(), x(at), bottom() + 5, "axis");
      canvas.text(x(at), bottom() + 19, x_.text(at), "middle");
    }
    canvas.line(left_, bottom(), right_, bottom(), "axis");
    canvas.text((left_ + right_) / 2, bottom() + 37, x_title, "middle");
    canvas.text(0, top_ - 10, y_title);
  }

 private:
  Ticks x_, y_;
  double top_;
  double left_ = 30, right_ = 0, x_low_ = 0, x_high_ = 1;
};

double cell(const view::Table& table, std::size_t row, std::size_t column) {
  return column < table.rows[row].size() ? number_of(table.rows[row][column]) : std::nan("");
}

std::size_t drawn_rows(const view::Table& table) {
  return table.rows.size() - table.totals;
}

}  // namespace

Canvas draw_lines(const view::Table& table, const view::Figure& figure, double width) {
  Range x, y;
  for (std::size_t r = 0; r < drawn_rows(table); ++r) {
    x.add(cell(table, r, figure.x));
    for (const std::size_t c : figure.y) y.add(cell(table, r, c));
  }
  for (const view::Reference& reference : figure.references) y.add(reference.value);
  Canvas canvas;
  canvas.width = width;
  if (!(x.low <= x.high) || !(y.low <= y.high)) return canvas;
  const double legend = figure.y.size() > 1 ? kRow + 6 : 0;
  const Axes axes(x, y, width, legend + 26);
  canvas.height = axes.bottom() + 46;
  axes.draw(canvas, figure.x_title, figure.y_title);
  double beside = 0;
  for (std::size_t i = 0; i < figure.y.size(); ++i) {
    const view::Column& column = table.columns[figure.y[i]];
    const std::string style = "s" + std::to_string(i % kStyles);
    if (legend > 0) {
      canvas.line(beside, 6, beside + 18, 6, "curve " + style);
      canvas.text(beside + 24, 10, column.title);
      beside += 24 + text_width(column.title) + 20;
    }
    std::string d;
    std::size_t points = 0;
    bool pen = false;
    for (std::size_t r = 0; r < drawn_rows(table); ++r) {
      const double value = cell(table, r, figure.y[i]);
      const double at = cell(table, r, figure.x);
      // A series with fewer points than rows, as held-out losses are, is one line all the same.
      if (!std::isfinite(value) || !std::isfinite(at)) continue;
      d += (pen ? " L" : "M") + coordinate(axes.x(at)) + " " + coordinate(axes.y(value));
      pen = true;
      ++points;
    }
    canvas.path(d, "curve " + style);
    for (std::size_t r = 0; r < drawn_rows(table) && points <= 40; ++r) {
      const double value = cell(table, r, figure.y[i]);
      const double at = cell(table, r, figure.x);
      if (!std::isfinite(value) || !std::isfinite(at)) continue;
      canvas.dot(axes.x(at), axes.y(value), "dot " + style,
                 column.title + ", " + value_text(table.rows[r][figure.x], table.columns[figure.x].format)
                     + ": " + value_text(table.rows[r][figure.y[i]], column.format));
    }
  }
  // The names of references stand above their lines, and not upon each other.
  double free = -1e9;
  std::vector<view::Reference> references = figure.references;
  std::sort(references.begin(), references.end(),
            [](const auto& a, const auto& b) { return a.value > b.value; });
  for (const view::Reference& reference : references) {
    const double at = axes.y(reference.value);
    canvas.line(axes.left(), at, axes.right(), at, "reference");
    const double words = std::max(at - 5, free);
    canvas.text(axes.right(), words, reference.title + " " + fixed_text(reference.value, 3), "end", "small");
    free = words + 13;
  }
  return canvas;
}

Canvas draw_scatter(const view::Table& table, const view::Figure& figure, double width) {
  const std::size_t y_column = figure.y.at(0);
  Range x, y;
  for (std::size_t r = 0; r < drawn_rows(table); ++r) {
    x.add(cell(table, r, figure.x));
    y.add(cell(table, r, y_column));
  }
  Canvas canvas;
  canvas.width = width;
  if (!(x.low <= x.high) || !(y.low <= y.high)) return canvas;
  const Axes axes(x, y, width - 30, 26);  // with room for the last name
  canvas.height = axes.bottom() + 46;
  axes.draw(canvas, figure.x_title, figure.y_title);
  for (std::size_t r = 0; r < drawn_rows(table); ++r) {
    const double px = cell(table, r, figure.x), py = cell(table, r, y_column);
    if (!std::isfinite(px) || !std::isfinite(py)) continue;
    const std::string name = value_text(table.rows[r][figure.label.value_or(0)], {});
    canvas.dot(axes.x(px), axes.y(py), "dot s0", name);
    canvas.text(axes.x(px) + 5, axes.y(py) + 4, cut_to_pixels(name, 60));
  }
  return canvas;
}

}  // namespace microgpt::render
