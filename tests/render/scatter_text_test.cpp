#include "microgpt/render/scatter_text.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "render/drawn_pages.hpp"
#include "support/pages.hpp"
#include "support/screen.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  std::vector<std::string> map_of(const view::Section& section, int width, int indent = 0) {
    return render::scatter_lines(section.table, *section.figure, {.width = width}, indent);
  }

  view::Section points(const std::vector<std::vector<view::Value>>& rows) {
    view::Section section = scatter_section();
    section.table.rows = rows;
    return section;
  }

  }  // namespace

  TEST_CASE("render: a map has its points where their numbers are, the corners in the corners") {
    for (const int width : {60, 80, 200}) {
      const auto lines = map_of(scatter_section(), width);
      CAPTURE(width);
      const auto columns = static_cast<std::size_t>(std::min(width, 100) - 2);
      const std::size_t rows = columns / 4;
      REQUIRE(lines.size() == rows + 1);
      CHECK(lines.front().front() == '_');  // ' ' would not be seen
      CHECK(lines.front().size() == columns);
      CHECK(lines.front().back() == '#');  // BOS
      CHECK(lines[rows - 1].front() == 'a');
      CHECK(lines[rows - 1].back() == 'b');
      CHECK(lines.back() == "Behind others: 'c'");
      // In the middle, as a mark for what has no single character.
      const std::size_t middle = rows - 1 - rows / 2;
      CHECK(lines[middle] == std::string(columns / 2, ' ') + "?");
    }
  }

  TEST_CASE("render: a map of one point, of none, of points in one line") {
    CHECK(map_of(points({}), 80).empty());
    CHECK(map_of(points({{"'a'", std::nan(""), 1.0}}), 80).empty());
    const auto one = map_of(points({{"'a'", 3.0, 3.0}}), 80, 4);
    std::string all;
    for (const std::string& line : one) all += line;
    CHECK(all.find_first_not_of(" a") == std::string::npos);
    CHECK(all.find('a') != std::string::npos);
    const auto line = map_of(points({{"'a'", 1.0, 2.0}, {"position 12", 2.0, 2.0}, {"'漢'", 1.5, 2.0}}), 80);
    CHECK(line.back().find('a') == 0);
    CHECK(line.back().back() == '2');                   // a position's last digit
    CHECK(line.back().find('?') != std::string::npos);  // it would take two columns
    for (const std::string& each : map_of(scatter_section(), 20, 5)) CHECK(columns_of(each) <= 20);
  }

  TEST_CASE("render: thousands of points on a map are bounded") {
    std::vector<std::vector<view::Value>> rows;
    for (int i = 0; i < 3000; ++i) rows.push_back({"'a'", std::sin(i), std::cos(i)});
    const auto lines = map_of(points(rows), 80);
    for (const std::string& line : lines) CHECK(columns_of(line) <= 80);
    CHECK(lines.size() <= 25);
  }
}
