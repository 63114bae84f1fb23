// Figures of every form: names along the axis, several bars a row, lists as rows, cuts, and where words go.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "render/drawn_pages.hpp"
#include "support/drawing.hpp"
#include "support/errors.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using view::Figure;

  /// A line over the names of `stages` rows.
  view::Section stages_section(std::size_t stages) {
    view::Section section{.key = "stages"};
    section.table.columns = {{"stage", "stage"}, {"norm", "length", view::number(3)}};
    for (std::size_t s = 0; s < stages; ++s) {
      section.table.rows.push_back(
          {"layer" + std::to_string(s) + ".resid_post", 1.0 + static_cast<double>(s)});
    }
    section.figure = Figure{.title = "Lengths", .y = {1}, .x_title = "stage", .y_title = "length"};
    return section;
  }

  std::vector<const XmlElement*> upright(const XmlElement& root) {
    auto texts = root.all("text");
    std::erase_if(texts, [](const XmlElement* text) { return text->find("transform") == nullptr; });
    return texts;
  }

  }  // namespace

  TEST_CASE("render: a line over names has a point for each, and the names below them") {
    const XmlElement root = drawn(page_of(stages_section(4)));
    const auto path = points_of(*root.all_of_class("path", "curve").at(0));
    REQUIRE(path.size() == 4);
    for (std::size_t i = 1; i < 4; ++i) {
      CHECK(path[i].first - path[i - 1].first
            == doctest::Approx(path[1].first - path[0].first).epsilon(1e-3));
      CHECK(path[i].second < path[i - 1].second);
    }
    CHECK(upright(root).empty());
    CHECK(has_text(root, "layer3.resid_post"));
    CHECK(hint_of(*root.all("circle").at(2)) == "length, layer2.resid_post: 3.000");
    // Names that do not fit side by side stand upright; of very many some are left out.
    CHECK(upright(drawn(page_of(stages_section(25)))).size() == 25);
    const std::size_t few = upright(drawn(page_of(stages_section(200)))).size();
    CHECK(few >= 20);
    CHECK(few <= 45);
  }

  TEST_CASE("render: rows with several bars have one in each column's colour, and a legend") {
    view::Section section{.key = "norms"};
    section.table.columns = {{"channel", "channel", view::whole()},
                             {"x", "before", view::fixed(1)},
                             {"y", "after", view::fixed(1)}};
    section.table.rows = {{std::int64_t{0}, 1.0, 2.0}, {std::int64_t{1}, -0.5, -1.0}};
    section.figure = Figure{.kind = Figure::Kind::bars, .title = "Before and after", .y = {1, 2}};
    const XmlElement root = drawn(page_of(section));
    const auto bars = root.all_of_class("rect", "bar");
    REQUIRE(bars.size() == 6);  // two of them in the legend
    CHECK(has_text(root, "before"));
    CHECK(has_text(root, "after"));
    CHECK(has_text(root, "channel"));  // the title of the names, since the figure gives none
    CHECK(bars[2]->has_class("s0"));
    CHECK(bars[3]->has_class("s1"));
    CHECK(bars[3]->number("width") == doctest::Approx(2 * bars[2]->number("width")).epsilon(1e-3));
    CHECK(bars[4]->number("width") == doctest::Approx(bars[2]->number("width") / 2).epsilon(1e-3));
    CHECK(hint_of(*bars[5]) == "1, after: -1.0");
  }

  TEST_CASE("render: a bar is named by its position and by what stands there") {
    view::Section section{.key = "loss"};
    section.table.columns = {
        {"position", "position", view::whole()}, {"reads", "reads"}, {"loss", "loss", view::fixed(2)}};
    section.table.rows = {{std::int64_t{1}, "'m'", 1.0}, {std::int64_t{2}, "'m'", 3.0}};
    section.figure = Figure{.kind = Figure::Kind::bars,
                            .title = "Losses",
                            .y = {2},
                            .label = 1,
                            .references = {{"mean", 2}, {"guessing", 4}, {"much the same", 3.95}}};
    const XmlElement root = drawn(page_of(section));
    CHECK(has_text(root, "1 'm'"));
    CHECK(has_text(root, "2 'm'"));
    // References are upright lines on the same scale.
    const auto lines = root.all_of_class("line", "reference");
    REQUIRE(lines.size() == 3);
    const auto bars = root.all_of_class("rect", "warm");
    const double zero = bars[0]->number("x"), unit = bars[0]->number("width");
    CHECK(lines[0]->number("x1") == doctest::Approx(zero + 2 * unit).epsilon(1e-3));
    CHECK(lines[2]->number("x1") == doctest::Approx(zero + 4 * unit).epsilon(1e-3));
    CHECK(lines[2]->number("x1") == lines[2]->number("x2"));
    for (const char* words : {"mean 2.000", "guessing 4.000", "much the same 3.950"})
      CHECK(has_text(root, words));
  }

  TEST_CASE("render: lists are the rows of a heat map, narrow where they are long") {
    for (const std::size_t length : {5UL, 60UL, 200UL, 2000UL}) {
      CAPTURE(length);
      view::Section section{.key = "neurons"};
      section.table.columns = {{"neuron", "neuron"},
                               {"values", "activations", view::fixed(2), view::Heat::table}};
      for (int r = 0; r < 3; ++r) {
        std::vector<double> values;
        for (std::size_t i = 0; i < length; ++i) values.push_back(static_cast<double>(i % 5) * 0.25 * r);
        section.table.rows.push_back({"neuron " + std::to_string(r), values});
      }
      section.table.rows[2][1] = std::vector<double>{2.0};
      section.figure =
          Figure{.kind = Figure::Kind::heatmap, .title = "Activations", .y = {1}, .x_title = "position"};
      const XmlElement root = drawn(page_of(section));
      CHECK(root.number("width") == 720);
      const std::size_t columns = std::min<std::size_t>(length, 256);
      const auto cells = root.all_of_class("rect", "cell");
      REQUIRE(cells.size() == 3 * columns);
      CHECK(hint_of(*cells[columns + 4]) == "neuron 1, 4: 1.00");
      CHECK(cells[columns + 4]->number("fill-opacity") == 0.5);
      CHECK(cells[0]->number("fill-opacity") == 0);
      CHECK(cells[2 * columns + 1]->has_class("missing"));
      CHECK(has_text(root, "the first 256 columns of 2,000 are drawn") == (length > 256));
    }
  }

  TEST_CASE("render: the scale of a heat says what its colours are relative to") {
    view::Section matrix = matrix_section(3, 4);
    const auto with = [&](view::Heat heat) {
      for (view::Column& column : matrix.table.columns) column.heat = heat;
      return drawn(page_of(matrix));
    };
    CHECK(has_text(with(view::Heat::unit), "-1.00"));
    CHECK(has_text(with(view::Heat::table), "-1.75"));
    CHECK(has_text(with(view::Heat::column), "minus the largest size in its column"));
    CHECK(has_text(with(view::Heat::row), "the lowest of its row"));
    for (auto& row : matrix.table.rows) {
      for (std::size_t c = 1; c < row.size(); ++c) row[c] = std::abs(std::get<double>(row[c]));
    }
    // Nothing is below 0, and so is nothing of the scale.
    CHECK(with(view::Heat::unit).all_of_class("rect", "swatch").size() == 5);
    CHECK(!has_text(with(view::Heat::unit), "no number"));
    CHECK(has_text(with(view::Heat::column), "the largest of its column"));
  }

  TEST_CASE(
      "render: a figure says how many rows it leaves out, and how to see those that the view left out") {
    view::Section bars = bars_section();  // 3 rows of 10, besides totals
    CHECK(has_text(drawn(page_of(bars)), "3 of 10 rows are drawn; --top 0 shows all"));
    const auto row = bars.table.rows[0];  // not an element of what is overwritten
    bars.table.rows.assign(200, row);
    bars.table.totals = 0;
    bars.table.total_rows = 0;
    const XmlElement many = drawn(page_of(bars));
    CHECK(many.all_of_class("rect", "warm").size() == 64);
    CHECK(has_text(many, "64 of 200 rows are drawn"));
    CHECK(!has_text(many, "--top"));
    bars.table.rows.resize(64);
    CHECK(!has_text(drawn(page_of(bars)), "are drawn"));
    view::Section points = scatter_section();
    points.table.total_rows = 3000;
    points.table.more = "--rows 0 shows all";
    CHECK(has_text(drawn(page_of(points)), "7 of 3,000 rows are drawn; --rows 0 shows all"));
    view::Section curve = curve_section(9);
    curve.table.total_rows = 12;
    curve.table.more = "--points 0";
    CHECK(has_text(drawn(page_of(curve)), "9 of 12 rows are drawn"));
    view::Section matrix = matrix_section(3, 4);
    matrix.table.total_rows = 30;
    matrix.table.more = "--positions 0 shows all";
    CHECK(has_text(drawn(page_of(matrix)), "3 of 30 rows are drawn; --positions 0 shows all"));
  }

  TEST_CASE("render: the names of references stand beside the lines, not over the curve") {
    view::Section curve = curve_section(60);
    curve.figure->references = {{"uniform guessing", 2.31},
                                {"5-gram on the held-out text", 2.3},
                                {"bigram", 2.32},
                                {"trigram", 2.29}};
    const XmlElement root = drawn(page_of(curve));
    double right = 0;
    for (const XmlElement* path : root.all_of_class("path", "curve")) {
      for (const auto& [x, y] : points_of(*path)) right = std::max(right, x);
    }
    std::size_t names = 0;
    for (const XmlElement* text : root.all_of_class("text", "small")) {
      CHECK(text->number("x") > right);
      ++names;
    }
    CHECK(names >= 9);
  }

  TEST_CASE("render: points that lie upon each other have names that do not") {
    view::Section points{.key = "map"};
    points.table.columns = {{"token", "token"}, {"x", "x", view::number(2)}, {"y", "y", view::number(2)}};
    for (int i = 0; i < 300; ++i) {
      points.table.rows.push_back(
          {"'" + std::to_string(i) + "'", std::sin(i) * (i % 7), std::cos(i) * (i % 7)});
    }
    points.figure = Figure{.kind = Figure::Kind::scatter, .title = "Tokens", .x = 1, .y = {2}, .label = 0};
    const XmlElement root = drawn(page_of(points));  // which looks for words upon words
    const auto dots = root.all("circle");
    CHECK(dots.size() == 300);
    std::set<std::string> hints;
    for (const XmlElement* dot : dots) hints.insert(hint_of(*dot));
    CHECK(hints.size() == 300);
    std::size_t names = 0;
    for (const XmlElement* text : root.all("text")) names += text->text.starts_with("'") ? 1U : 0U;
    CHECK(names > 50);
    CHECK(names < 300);
    CHECK(has_text(root, std::to_string(300 - names) + " names have no room"));
    // No name lies on a point either.
    std::vector<WordsBox> boxes;
    for (const XmlElement* group : root.all("g"))
      add_words(*group, {-Offset{}.into(*group).x, -Offset{}.into(*group).y}, boxes);
    for (const WordsBox& box : boxes) {
      if (!box.words.starts_with("'")) continue;
      for (const XmlElement* dot : dots) {
        const double x = dot->number("cx"), y = dot->number("cy");
        if (x > box.left && x < box.right && y > box.top && y < box.bottom)
          FAIL_CHECK(box.words, " lies on ", hint_of(*dot));
      }
    }
  }

  TEST_CASE("render: a series of one value lies in the middle, between round numbers") {
    for (const double value : {0.001, 2.7, -40.0, 0.0}) {
      CAPTURE(value);
      view::Section curve = curve_section(8);
      curve.figure->references.clear();
      for (auto& row : curve.table.rows) row[1] = row[2] = value;
      const XmlElement root = drawn(page_of(curve));
      const auto path = points_of(*root.all_of_class("path", "curve").at(0));
      const auto grid = root.all_of_class("line", "grid");
      REQUIRE(grid.size() >= 3);
      REQUIRE(grid.size() <= 7);
      const double low = grid.front()->number("y1"), high = grid.back()->number("y1");
      CHECK(path[0].second < low - 50);
      CHECK(path[0].second > high + 50);
      CHECK(path[0].second == path[7].second);
    }
    // A single step is the only number on its axis, and steps are never halves.
    const auto numbers_below = [](const XmlElement& root) {
      std::vector<std::string> texts;
      for (const XmlElement* text : root.all("text")) {
        if (text->find("text-anchor") != nullptr && text->at("text-anchor") == "middle"
            && text->text != "step")
          texts.push_back(text->text);
      }
      return texts;
    };
    CHECK(numbers_below(drawn(page_of(curve_section(1)))) == std::vector<std::string>{"1"});
    CHECK(numbers_below(drawn(page_of(curve_section(3)))) == std::vector<std::string>{"1", "2", "3"});
  }

  TEST_CASE("render: more lines than colours are dashed, and their legend takes as many rows as it needs") {
    view::Section curve{.key = "lines"};
    curve.table.columns = {{"step", "step", view::whole()}};
    curve.figure = Figure{.title = "Ten lines", .y = {}};
    for (std::size_t i = 1; i <= 10; ++i) {
      curve.table.columns.push_back(
          {"y" + std::to_string(i), "the line with number " + std::to_string(i), view::fixed(1)});
      curve.figure->y.push_back(i);
    }
    for (int step = 0; step < 3; ++step) {
      std::vector<view::Value> row = {std::int64_t{step}};
      for (int i = 0; i < 10; ++i) row.emplace_back(static_cast<double>(step * i));
      curve.table.rows.push_back(row);
    }
    const XmlElement root = drawn(page_of(curve));
    std::set<std::string> styles;
    for (const XmlElement* path : root.all_of_class("path", "curve")) styles.insert(path->at("class"));
    CHECK(styles.size() == 10);
    std::set<double> rows;
    for (const XmlElement* line : root.all_of_class("line", "curve")) rows.insert(line->number("y1"));
    CHECK(rows.size() >= 3);
  }

  TEST_CASE("render: a figure whose columns have no number is none") {
    view::Section bars = bars_section();
    for (auto& row : bars.table.rows) row[1] = std::monostate();
    CHECK(failure_of([&] { (void)render::to_svg(page_of(bars), ""); }).fault == 2);
    bars.table.rows[1][1] = 2.0;
    const XmlElement root = drawn(page_of(bars));
    CHECK(root.all_of_class("rect", "warm").size() == 1);
    CHECK(has_text(root, "no number"));
  }

  TEST_CASE("render: words as long as they like keep a figure in its frame") {
    const std::string longest(400, 'W');
    for (view::Section section :
         {curve_section(60), bars_section(), matrix_section(4, 9), scatter_section(), stages_section(5)}) {
      CAPTURE(section.key);
      section.figure->title = "The " + longest + " and " + longest + " and the rest";
      section.figure->x_title = section.figure->y_title = longest;
      for (view::Column& column : section.table.columns) column.title = longest;
      section.figure->references = {{longest, 1.5},
                                    {"a name of many words that goes on and on " + longest, 1.4}};
      section.table.more = longest;
      section.table.total_rows = 1000;
      for (auto& row : section.table.rows) {
        if (std::holds_alternative<std::string>(row[0])) row[0] = longest;
      }
      view::Page page = page_of(section);
      page.facts = {{"text", "text", longest}};
      const XmlElement root = drawn(page);
      CHECK(root.number("width") == 720);
    }
  }
}
