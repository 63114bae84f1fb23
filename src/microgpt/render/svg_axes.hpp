// Axes: round numbers along them, and where a value lies between them.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "microgpt/render/svg_canvas.hpp"

namespace microgpt::render {

/// The lowest and the highest of some numbers, those that are finite.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value);
  /// A number that has a finite distance from every other such.
  static double clamped(double value);
  [[nodiscard]] bool empty() const { return !(low <= high); }
  /// Whether all numbers are the same, up to rounding.
  [[nodiscard]] bool is_one_value() const;
};

/// Round numbers from below `low` to above `high`, about `count` of them, at least `least_step` apart.
struct Ticks {
  std::vector<double> at;
  double step = 1;

  /// A tick with the digits that tell it from the next.
  [[nodiscard]] std::string text(double tick) const;
};
Ticks ticks_of(double low, double high, int count, double least_step = 0);

/// What is written along the x axis.
struct XAxis {
  Range range{};
  bool whole = false;                ///< whether only whole numbers make sense
  std::vector<std::string> names{};  ///< if there are any, values are their indices
};

class Axes {
 public:
  /// The plot and what stands on its left and below it are `width` wide and begin at `top`.
  Axes(XAxis x, const Range& y, double width, double top);

  [[nodiscard]] double x(double value) const;
  [[nodiscard]] double y(double value) const;
  [[nodiscard]] double left() const { return left_; }
  [[nodiscard]] double right() const { return right_; }
  [[nodiscard]] double top() const { return top_; }
  [[nodiscard]] double bottom() const;

  /// With the titles, and sets the canvas's height.
  void draw(Canvas& canvas, const std::string& x_title, const std::string& y_title) const;

 private:
  void draw_names(Canvas& canvas) const;
  void draw_numbers(Canvas& canvas) const;

  std::vector<std::string> names_;
  Ticks x_, y_;
  double top_, left_ = 30, right_;
  double x_low_ = 0, x_high_ = 1;  // the ends of the axis
  double below_ = kLine;           // height of what is written below the axis
  bool upright_ = false;           // names that do not fit side by side
};

}  // namespace microgpt::render
