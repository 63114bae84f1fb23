// Points over numbers, with their names where there is room for them.
#include <algorithm>
#include <cmath>

#include "microgpt/render/svg_axes.hpp"
#include "microgpt/render/svg_figure.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

struct TextBox {
  double left, top, right, bottom;

  [[nodiscard]] bool meets(const TextBox& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct NamedPoint {
  double x, y;
  std::string name;
};

/// Where a name may stand beside its point, the best place first: its left end and its baseline.
std::vector<std::pair<double, double>> name_places(const NamedPoint& point, double width) {
  return {{point.x + 5, point.y + 4},         {point.x - 5 - width, point.y + 4},
          {point.x - width / 2, point.y - 6}, {point.x - width / 2, point.y + 15},
          {point.x + 4, point.y - 4},         {point.x + 4, point.y + 12},
          {point.x - 4 - width, point.y - 4}, {point.x - 4 - width, point.y + 12}};
}

/// Names that stand neither on points nor on each other; returns how many found no place.
std::size_t draw_names(Canvas& canvas, const std::vector<NamedPoint>& points, const TextBox& frame) {
  std::vector<TextBox> taken;
  for (const NamedPoint& point : points)
    taken.push_back({point.x - 2.5, point.y - 2.5, point.x + 2.5, point.y + 2.5});
  std::size_t unnamed = 0;
  for (const NamedPoint& point : points) {
    const double width = text_width(point.name);
    bool placed = false;
    for (const auto& [x, y] : name_places(point, width)) {
      const TextBox box{x - 1, y - 10, x + width + 1, y + 3};
      const bool inside = box.left >= frame.left && box.right <= frame.right && box.top >= frame.top
                          && box.bottom <= frame.bottom;
      if (!inside || std::any_of(taken.begin(), taken.end(), [&](const TextBox& b) { return b.meets(box); }))
        continue;
      canvas.text(x, y, point.name);
      taken.push_back(box);
      placed = true;
      break;
    }
    unnamed += placed ? 0 : 1;
  }
  return unnamed;
}

}  // namespace

Canvas draw_scatter(const view::Table& table, const view::Figure& figure, double width) {
  constexpr double kTop = 26, kLongestLabel = 80;
  const std::size_t rows = rows_without_totals(table);
  XAxis x;
  Range y;
  for (std::size_t r = 0; r < rows; ++r) {
    x.range.add(cell_number(table, r, figure.x));
    y.add(cell_number(table, r, figure.y.at(0)));
  }
  Canvas canvas;
  canvas.width = width;
  if (x.range.empty() || y.empty()) return canvas;
  const Axes axes(x, y, width, kTop);
  axes.draw(canvas, figure.x_title, figure.y_title);
  std::vector<NamedPoint> points;
  for (std::size_t r = 0; r < rows; ++r) {
    const double px = cell_number(table, r, figure.x), py = cell_number(table, r, figure.y.at(0));
    if (!std::isfinite(px) || !std::isfinite(py)) continue;
    const std::string name = cell_text(table, r, figure.label.value_or(0));
    canvas.dot(axes.x(px), axes.y(py), "dot " + series_style(0), name);
    points.push_back({axes.x(px), axes.y(py), cut_to_pixels(name, kLongestLabel)});
  }
  const std::size_t unnamed = draw_names(canvas, points, {axes.left(), axes.top() - 8, width, axes.bottom()});
  note_left_out(canvas, table, rows, width);
  if (unnamed > 0) {
    canvas.note(counted(unnamed, "name") + (unnamed == 1 ? " has" : " have")
                    + " no room; a pointer that stays on a point shows its name",
                width);
  }
  return canvas;
}

}  // namespace microgpt::render
