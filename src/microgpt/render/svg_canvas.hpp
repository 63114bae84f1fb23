// What the figures of an SVG are drawn with.
#pragma once

#include <string>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// A figure that is drawn: its elements, and how much room they take from (0, 0) on, in CSS pixels.
class Canvas {
 public:
  double width = 0, height = 0;

  void line(double x1, double y1, double x2, double y2, const std::string& style);
  /// `share`, from -1 to 1, is its colour as a heat; `hint` is shown by a pointer that stays on it.
  void heat(double x, double y, double w, double h, double share, const std::string& hint);
  void bar(double x, double y, double w, double h, bool negative, const std::string& hint);
  void dot(double x, double y, const std::string& style, const std::string& hint);
  void path(const std::string& d, const std::string& style);
  /// `anchor` is start, middle or end.
  void text(double x, double y, const std::string& words, const std::string& anchor = "start",
            const std::string& style = "");
  /// Upwards, its end at (x, y).
  void upright(double x, double y, const std::string& words);

  /// Everything, moved to (x, y).
  [[nodiscard]] std::string group(double x, double y) const;

 private:
  std::string elements_;
};

/// A number as SVG writes it: at most two digits after the point.
std::string coordinate(double value);
/// Text made safe for XML.
std::string escaped(const std::string& text);
/// About how wide a text is, in CSS pixels of the figures' font.
double text_width(const std::string& text);
/// A text cut to about so many pixels.
std::string cut_to_pixels(const std::string& text, double pixels);

/// Round numbers from below `low` to above `high`, about `count` of them.
struct Ticks {
  std::vector<double> at;
  double step = 1;

  /// A tick with the digits that tell it from the next.
  [[nodiscard]] std::string text(double tick) const;
};
Ticks ticks_of(double low, double high, int count);

// The kinds of figures. In svg_lines.cpp, what has axes:
Canvas draw_lines(const view::Table& table, const view::Figure& figure, double width);
Canvas draw_scatter(const view::Table& table, const view::Figure& figure, double width);
// In svg_cells.cpp, what has a place for each row:
Canvas draw_bars(const view::Table& table, const view::Figure& figure, double width);
Canvas draw_heatmap(const view::Table& table, const view::Figure& figure, double width);

}  // namespace microgpt::render
