#include "microgpt/render/scatter_text.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/render/heat.hpp"
#include "microgpt/render/table_text.hpp"
#include "microgpt/render/width.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

constexpr std::size_t kMostNames = 40;  // of points that are not to be seen

struct Point {
  double x = 0, y = 0;
  std::string name;
};

/// One column of the screen for each point: 'a' is a, BOS is #, a position its last digit.
std::string mark(const std::string& name) {
  if (name == "BOS") return "#";
  if (name == "' '") return "_";
  const bool quoted = name.size() > 2 && name.front() == '\'' && name.back() == '\'';
  const std::string inside = quoted ? name.substr(1, name.size() - 2) : name;
  if (display_width(inside) == 1) return inside;
  if (!quoted && !inside.empty() && inside.back() >= '0' && inside.back() <= '9')
    return inside.substr(inside.size() - 1);
  return "?";
}

std::vector<Point> points_of(const view::Table& table, const view::Figure& figure) {
  std::vector<Point> points;
  for (const auto& row : table.rows) {
    const std::size_t most = std::max({figure.x, figure.y.at(0), figure.label.value_or(0)});
    if (most >= row.size()) continue;
    const Point point{number_of(row[figure.x]), number_of(row[figure.y[0]]),
                      value_text(row[figure.label.value_or(0)], {})};
    if (std::isfinite(point.x) && std::isfinite(point.y)) points.push_back(point);
  }
  return points;
}

}  // namespace

std::vector<std::string> scatter_lines(const view::Table& table, const view::Figure& figure,
                                       const Screen& screen, int indent) {
  const std::vector<Point> points = points_of(table, figure);
  if (points.empty()) return {};
  const auto by_x = [](const Point& a, const Point& b) { return a.x < b.x; };
  const auto by_y = [](const Point& a, const Point& b) { return a.y < b.y; };
  const auto [left, right] = std::minmax_element(points.begin(), points.end(), by_x);
  const auto [low, high] = std::minmax_element(points.begin(), points.end(), by_y);
  const int columns = std::max(10, std::min(screen.width - indent, 100) - 2);
  const int rows = std::max(5, columns / 4);
  const auto place = [](double value, double from, double to, int cells) {
    return std::min(cells - 1, static_cast<int>((value - from) / std::max(to - from, 1e-300) * cells));
  };
  std::vector<std::vector<std::string>> map(static_cast<std::size_t>(rows),
                                            std::vector<std::string>(static_cast<std::size_t>(columns), " "));
  std::string hidden;
  std::size_t named = 0, unnamed = 0;
  for (const Point& point : points) {
    const int row = rows - 1 - place(point.y, low->y, high->y, rows);
    std::string& cell = map[static_cast<std::size_t>(row)]
                           [static_cast<std::size_t>(place(point.x, left->x, right->x, columns))];
    if (cell == " ") {
      cell = mark(point.name);
    } else if (named < kMostNames) {
      hidden += " " + point.name;
      ++named;
    } else {
      ++unnamed;
    }
  }
  std::vector<std::string> lines;
  for (const auto& row : map) {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (const std::string& cell : row) line += cell;
    lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  if (unnamed > 0) hidden += " and " + counted(unnamed, "other");
  if (!hidden.empty()) {
    const auto more = wrapped("Behind others:" + hidden, screen, indent, indent);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

}  // namespace microgpt::render
