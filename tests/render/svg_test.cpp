// Figures as SVG: well-formed, in their frame, true to the numbers.
#include "microgpt/render/svg.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "render/drawn_pages.hpp"
#include "support/drawing.hpp"
#include "support/errors.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  }  // namespace

  TEST_CASE("render: lines go through their numbers, references across") {
    const view::Section curve = curve_section(60);
    const XmlElement root = drawn(page_of(curve));
    const auto paths = root.all_of_class("path", "curve");
    REQUIRE(paths.size() == 2);
    const auto train = points_of(*paths[0]);
    const auto held_out = points_of(*paths[1]);
    REQUIRE(train.size() == 60);
    REQUIRE(held_out.size() == 15);
    const auto references = root.all_of_class("line", "reference");
    REQUIRE(references.size() == 2);
    // One scale for all: y of a value is y0 + slope * value, x of a step likewise.
    const double slope = (train[59].second - train[0].second) / (2 + 1.0 / 60 - 3);
    CHECK(slope < 0);  // upwards on the screen
    const auto y_of = [&](double value) { return train[0].second + slope * (value - 3); };
    const double step = (train[59].first - train[0].first) / 59;
    CHECK(step > 0);
    for (int i = 0; i < 60; ++i) {
      CHECK(std::abs(train[static_cast<std::size_t>(i)].second - y_of(2 + 1.0 / (i + 1))) < 0.02);
      CHECK(std::abs(train[static_cast<std::size_t>(i)].first - train[0].first - i * step) < 0.02);
    }
    for (std::size_t i = 0; i < 15; ++i) {
      const double at = 4 * (static_cast<double>(i) + 1);
      CHECK(std::abs(held_out[i].second - y_of(2.25 + 1 / at)) < 0.02);
      CHECK(std::abs(held_out[i].first - train[0].first - (at - 1) * step) < 0.02);
    }
    CHECK(std::abs(references[0]->number("y1") - y_of(3.25)) < 0.02);
    CHECK(std::abs(references[1]->number("y1") - y_of(2.5)) < 0.02);
    CHECK(references[0]->number("y1") == references[0]->number("y2"));
    for (const char* words : {"guessing", "trigram", "training", "held out", "step", "nats per character"}) {
      CHECK_MESSAGE(has_text(root, words), words);
    }
    // Points are drawn where they are few enough to be told apart, and tell their numbers.
    CHECK(root.all("circle").size() == 15);
    CHECK(root.all("circle")[0]->children.at(0).text.find("2.5000") != std::string::npos);
    CHECK(root.all("path")[0]->at("class") != root.all("path")[1]->at("class"));
  }

  TEST_CASE("render: bars are as long as their numbers, on both sides of 0, without totals") {
    const XmlElement root = drawn(page_of(bars_section()));
    auto bars = root.all("rect");
    bars.erase(bars.begin());  // the ground
    REQUIRE(bars.size() == 3);
    const double unit = bars[0]->number("width");
    CHECK(std::abs(bars[1]->number("width") - unit / 2) < 0.02);
    CHECK(std::abs(bars[2]->number("width") - unit / 4) < 0.02);
    CHECK(bars[0]->has_class("warm"));
    CHECK(bars[2]->has_class("cold"));
    CHECK(std::abs(bars[0]->number("x") - bars[1]->number("x")) < 0.02);
    CHECK(std::abs(bars[2]->number("x") + bars[2]->number("width") - bars[0]->number("x")) < 0.02);
    CHECK(has_text(root, "layer1.mlp.post[neuron 3]"));
    CHECK(has_text(root, "0.5000"));
    CHECK(!has_text(root, "smaller parts"));
    CHECK(has_text(root, "change of the logit"));
  }

  TEST_CASE("render: a heat map has a cell for each number, as strong as its heat") {
    view::Section matrix = matrix_section(5, 6);
    matrix.table.rows[1][2] = std::monostate();
    matrix.table.rows[2][3] = std::nan("");
    matrix.table.rows.push_back({"total", 99.0, 99.0, 99.0, 99.0, 99.0, 99.0});
    matrix.table.totals = 1;
    const XmlElement root = drawn(page_of(matrix));
    auto cells = root.all_of_class("rect", "cell");
    CHECK(cells.size() == 30);
    // What was never computed is hatched, and says so.
    const auto missing = root.all_of_class("rect", "missing");
    REQUIRE(missing.size() == 3);  // the last is the scale's
    CHECK(missing[0]->has_class("cell"));
    CHECK(hint_of(*missing[0]) == "row 1, 1: no number");
    CHECK(hint_of(*missing[1]) == "row 2, 2: nan");
    CHECK(has_text(root, "no number"));
    std::erase_if(cells, [](const XmlElement* cell) { return cell->has_class("missing"); });
    for (const XmlElement* cell : cells) {
      const std::string hint = hint_of(*cell);  // "row 0, 3: -1.00"
      const double value = std::stod(hint.substr(hint.rfind(' ')));
      CHECK(std::abs(cell->number("fill-opacity") - std::abs(value) / 5.5) < 0.011);
      CHECK(cell->has_class(value < 0 ? "cold" : "warm"));
      CHECK(cell->has_class("framed"));  // 0 is a cell, too
    }
    // The scale goes from the lowest to the highest colour, with the numbers that these stand for.
    const auto swatches = root.all_of_class("rect", "swatch");
    REQUIRE(swatches.size() == 10);
    CHECK(swatches[0]->has_class("cold"));
    CHECK(swatches[0]->number("fill-opacity") == 1);
    CHECK(swatches[4]->number("fill-opacity") == 0);
    CHECK(swatches[8]->has_class("warm"));
    CHECK(swatches[8]->number("fill-opacity") == 1);
    CHECK(has_text(root, "-5.50"));
    CHECK(has_text(root, "5.50"));
    // Rows below each other, columns side by side, and the numbers in the cells.
    CHECK(cells[0]->number("y") == cells[5]->number("y"));
    CHECK(cells[0]->number("x") < cells[1]->number("x"));
    CHECK(cells[6]->number("y") > cells[5]->number("y"));
    CHECK(has_text(root, "-1.75"));
    CHECK(has_text(root, "row 4"));
    CHECK(!has_text(root, "99.00"));
    // What cannot be read any more is left out, and that is said.
    const XmlElement large = drawn(page_of(matrix_section(200, 300)));
    CHECK(large.all_of_class("rect", "cell").size() == 64 * 64);
    CHECK(has_text(large, "64 of 200 rows are drawn"));
    CHECK(has_text(large, "the first 64 columns of 300 are drawn"));
  }

  TEST_CASE("render: points lie where their numbers are, with their names") {
    const XmlElement root = drawn(page_of(scatter_section()));
    const auto points = root.all("circle");
    REQUIRE(points.size() == 6);
    const auto x = [&](std::size_t i) { return points[i]->number("cx"); };
    const auto y = [&](std::size_t i) { return points[i]->number("cy"); };
    CHECK(x(0) == x(2));
    CHECK(y(0) == y(1));
    CHECK(x(1) > x(0));
    CHECK(y(2) < y(0));
    CHECK(x(3) == x(4));
    CHECK(std::abs(x(5) - (x(0) + x(1)) / 2) < 0.02);
    CHECK(std::abs(y(5) - (y(0) + y(2)) / 2) < 0.02);
    for (const char* name : {"'a'", "BOS", "'\\n'", "first", "second"})
      CHECK_MESSAGE(has_text(root, name), name);
  }

  TEST_CASE("render: text of an SVG is escaped, and nothing raw is in it") {
    const std::string bad = "<b>&amp;\"'</b>\x1b[31m\r\n\t\x7f\u202e\xff]]>";
    for (view::Section section :
         {curve_section(5), bars_section(), matrix_section(3, 3), scatter_section()}) {
      section.title = bad;
      section.figure->title = bad;
      section.figure->x_title = section.figure->y_title = bad;
      for (view::Column& column : section.table.columns) column.title = bad;
      if (section.key != "loss") section.table.rows[0][0] = bad;
      section.figure->references = {{bad, 1.5}};
      view::Page page = page_of(section);
      page.about = bad;
      page.facts = {{"bad", bad, bad}};
      const XmlElement root = drawn(page);
      INFO(root.children[1].text);
      CHECK(root.children[1].text.find("<b>&amp;\"'</b>\\x1b[31m\\x0d\\n\\t\\x7f\\u202e\\xff]]>")
            != std::string::npos);
      CHECK(has_text(root, "<b>"));
      CHECK(root.all("b").empty());
    }
  }

  TEST_CASE("render: numbers of every size, none and a single one are drawn without breaking the frame") {
    using Limits = std::numeric_limits<double>;
    const std::vector<std::vector<double>> lists = {{0},
                                                    {5},
                                                    {-3, -3},
                                                    {1e-300, 2e-300},
                                                    {1e300, -1e300},
                                                    {Limits::max(), Limits::lowest()},
                                                    {std::nan(""), 1},
                                                    {std::nan("")},
                                                    {Limits::infinity(), 1, -Limits::infinity()},
                                                    {1e-9, 1e9},
                                                    {1e15, 1e15 + 1}};
    for (const auto& list : lists) {
      for (view::Section section :
           {curve_section(1), bars_section(), matrix_section(1, 1), scatter_section()}) {
        CAPTURE(section.key);
        CAPTURE(list[0]);
        const std::vector<view::Value> row = section.table.rows[0];
        section.table.rows.clear();
        section.table.totals = 0;
        section.figure->references.clear();
        for (std::size_t i = 0; i < list.size(); ++i) {
          section.table.rows.push_back(row);
          section.table.rows.back()[section.figure->y[0]] = list[i];
          if (section.key == "map") section.table.rows.back()[section.figure->x] = list[list.size() - 1 - i];
        }
        if (std::none_of(list.begin(), list.end(), [](double x) { return std::isfinite(x); })) {
          CHECK(failure_of([&] { (void)render::to_svg(page_of(section), ""); }).fault == 2);
          continue;
        }
        const std::string text = render::to_svg(page_of(section), "");
        const XmlElement root = XmlReader::read(text);
        std::istringstream frame(root.at("viewBox"));
        double left = 0, top = 0, width = 0, height = 0;
        frame >> left >> top >> width >> height;
        check_inside(root, {}, width, height);
        check_words(root, width, height);
        CHECK(text.size() < 40'000);
      }
    }
  }

  TEST_CASE("render: a page draws all its figures, or the one that is asked for") {
    view::Page page = whole_page();
    page.sections.push_back(scatter_section());
    page.sections.push_back(curve_section(10));
    const XmlElement all = drawn(page);
    CHECK(all.all("g").size() == 4);  // `words` has none
    for (const view::Section& section : page.sections) {
      if (section.figure) CHECK_MESSAGE(has_text(all, section.figure->title), section.figure->title);
    }
    CHECK(drawn(page, "loss").all("g").size() == 1);
    CHECK(has_text(drawn(page, "loss"), "Losses by step"));
    for (const char* key : {"nothing", "words"}) {
      const Failure failure = failure_of([&] { (void)render::to_svg(page, key); });
      CHECK(failure.fault == 2);
      CHECK(failure.names("pattern"));
      CHECK(failure.names("--section"));
    }
    page.sections = {words_section()};
    CHECK(failure_of([&] { (void)render::to_svg(page, ""); }).fault == 2);
    // Of very many the first, and the number of the others.
    page.sections.assign(40, matrix_section(2, 2));
    const XmlElement many = drawn(page);
    CHECK(many.all("g").size() == 24);
    CHECK(has_text(many, "16 more figures"));
  }
}
