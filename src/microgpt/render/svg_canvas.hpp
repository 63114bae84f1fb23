// What the figures of an SVG are drawn with.
#pragma once

#include <string>

#include "microgpt/render/svg_text.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// A figure that is drawn: its elements, and how much room they take from (0, 0) on, in CSS pixels.
class Canvas {
 public:
  double width = 0, height = 0;

  void line(double x1, double y1, double x2, double y2, const std::string& style);
  /// `hint` is shown by a pointer that stays on it; empty: none.
  void box(double x, double y, double w, double h, const std::string& style, const std::string& hint = "");
  /// A box whose colour is a heat: `share` is from -1 to 1.
  void heat(double x, double y, double w, double h, double share, const std::string& style,
            const std::string& hint = "");
  void dot(double x, double y, const std::string& style, const std::string& hint);
  void path(const std::string& d, const std::string& style);
  /// `anchor` is start, middle or end.
  void text(double x, double y, const std::string& words, const std::string& anchor = "start",
            const std::string& style = "");
  /// Upwards, its start or its end at (x, y).
  void upright(double x, double y, const std::string& words, const std::string& anchor = "start");
  /// Below everything, in at most three lines.
  void note(const std::string& words, double most_width);

  [[nodiscard]] const std::string& elements() const { return elements_; }
  /// Everything, moved to (x, y).
  [[nodiscard]] std::string group(double x, double y) const;

 private:
  std::string elements_;
};

/// A number as SVG writes it: at most two digits after the point.
std::string coordinate(double value);
/// Text made safe for XML.
std::string escaped(const std::string& text);

}  // namespace microgpt::render
