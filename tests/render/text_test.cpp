// Pages as text: within the screen's width and length, colours only where there are some, nothing raw.
#include "microgpt/render/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "render/drawn_pages.hpp"
#include "support/every_page.hpp"
#include "support/pages.hpp"
#include "support/screen.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using render::Screen;

  constexpr int kWidths[] = {60, 80, 120, 200};

  /// Whether a line is within the width, or has a single word that no screen could break, alone or beside a name.
  bool fits(const std::string& line, int width) {
    if (columns_of(line) <= static_cast<std::size_t>(width)) return true;
    const auto column = line.rfind("  ");
    return line.find(' ', column == std::string::npos ? 0 : column + 2) == std::string::npos;
  }

  void check_lines(const std::string& text, int width) {
    CHECK(text.ends_with('\n'));
    for (const std::string& line : lines_of(text)) {
      CHECK_MESSAGE(fits(line, width), columns_of(line), " columns: ", line);
      CHECK_MESSAGE(!line.ends_with(' '), line);
    }
  }

  std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }

  /// A page of sections that no screen holds.
  view::Page endless_page(std::size_t sections, std::size_t rows, std::size_t columns) {
    view::Page page{.view = "endless", .about = "More than anybody reads."};
    for (std::size_t s = 0; s < sections; ++s) {
      view::Section section{.key = "part" + std::to_string(s), .title = "Part " + std::to_string(s)};
      section.says = "What this part shows in a sentence or two, so that a narrow screen has to wrap it.";
      section.table = numbers_table(rows, columns);
      page.sections.push_back(section);
    }
    return page;
  }

  }  // namespace

  TEST_CASE("render: a page at four widths is what it was") {
    for (const int width : kWidths) {
      const std::string text = render::to_text(whole_page(), {.width = width});
      check_lines(text, width);
      check_page("render-page-" + std::to_string(width), text);
    }
    view::Page steps{.view = "softmax", .facts = {{"numbers", "numbers", "2 1 0.1"}}, .steps = true};
    steps.sections = {bars_section(), curve_section(40), scatter_section()};
    check_page("render-steps-80", render::to_text(steps, {.width = 80}));
    check_page("render-steps-120", render::to_text(steps, {.width = 120, .lines = 0}));
    check_page("render-endless-80", render::to_text(endless_page(3, 200, 30), {.width = 80}));
  }

  TEST_CASE("render: no page of any view, topic or report is wider than its screen") {
    for (const view::Page& page : EveryPage().all()) {
      CAPTURE(page.view);
      for (const int width : kWidths) {
        for (const int lines : {60, 0}) {
          const std::string text = render::to_text(page, {.width = width, .lines = lines});
          check_lines(text, width);
          CHECK(text.find('\x1b') == std::string::npos);
          if (lines > 0) CHECK(lines_of(text).size() <= 62);
        }
      }
    }
  }

  TEST_CASE("render: colours change no word, and are behind the numbers they belong to") {
    // From -5 (blue) to 5 (orange).
    const std::map<int, int> steps = {{230, 1},  {223, 2},  {216, 3},  {209, 4}, {202, 5},
                                      {195, -1}, {159, -2}, {117, -3}, {75, -4}, {33, -5}};
    view::Page page{.view = "matrix", .sections = {matrix_section(5, 6)}};
    page.sections[0].table.rows.push_back({"total", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
    page.sections[0].table.totals = 1;
    const std::string plain = render::to_text(page, {.width = 80});
    const std::string shown = render::to_text(page, {.width = 80, .colours = true});
    CHECK(plain.find('\x1b') == std::string::npos);
    CHECK(without_escapes(shown) == plain);
    const auto cells = coloured_texts(shown);
    // 30 numbers from -1.75 to 5.5 by 0.25; in step 0 are those below a tenth of the largest.
    double largest = 0;
    std::size_t expected = 0;
    for (double value = -1.75; value <= 5.5; value += 0.25) {
      largest = std::max(largest, std::abs(value));
      expected += std::abs(value) >= 0.55 ? 1U : 0U;
    }
    CHECK(cells.size() == expected);
    for (const ColouredText& cell : cells) {
      const double value = std::stod(cell.text);
      CHECK_MESSAGE(std::abs(steps.at(cell.colour) - 5 * value / largest) <= 0.5, cell.text);
    }
    CHECK(plain.find("total") != std::string::npos);
    CHECK(shown.substr(shown.find("total")).find('\x1b') == std::string::npos);  // no heat
    for (const view::Page& each : EveryPage().all()) {
      CAPTURE(each.view);
      CHECK(without_escapes(render::to_text(each, {.width = 100, .colours = true}))
            == render::to_text(each, {.width = 100}));
    }
  }

  TEST_CASE("render: whatever a page is made from, nothing raw reaches the screen") {
    const std::string raw = "a\x1b[31mb\r\n\t\x7f\u202e\u2066\u0085\xff\xc3(z";
    const std::size_t kept = 3;  // a, b and z
    view::Page page = whole_page();
    page.view = page.about = raw;
    page.facts.push_back({"raw", raw, raw});
    for (view::Section& section : page.sections) {
      section.key = section.title = section.says = section.formula = section.numbers = section.note = raw;
      section.address = raw;
      section.result = raw;
      section.table.columns[0].title = raw;
      section.table.rows[0][0] = raw;
      section.table.more = raw;
      section.table.total_rows = 1000;
    }
    page.sections.push_back(scatter_section());
    page.sections.back().table.rows[0][0] = "'" + raw + "'";
    page.sections.back().table.rows[1][0] = raw;
    for (const int lines : {0, 60, 5}) {
      const std::string text = render::to_text(page, {.width = 100, .lines = lines});
      CHECK(raw_characters(text) == 0);
      CHECK(text.find("\\x1b[31mb") != std::string::npos);
      CHECK(count_of(text, "z") >= kept);
    }
  }

  TEST_CASE("render: a page that is too long is cut, and says what is left out and how to see it") {
    const struct {
      std::size_t sections, rows, columns;
    } sizes[] = {{1, 20'000, 4}, {1, 5, 20'000}, {1, 1000, 60}, {12, 100, 40},
                 {40, 3, 3},     {200, 300, 2},  {3, 30, 3}};
    for (const auto& size : sizes) {
      const view::Page page = endless_page(size.sections, size.rows, size.columns);
      for (const int width : {60, 120}) {
        for (const int most : {60, 30}) {
          CAPTURE(size.sections);
          CAPTURE(size.rows);
          CAPTURE(size.columns);
          CAPTURE(width);
          const std::string text = render::to_text(page, {.width = width, .lines = most});
          check_lines(text, width);
          CHECK(lines_of(text).size() <= static_cast<std::size_t>(most == 60 ? 62 : most + 3));
          CHECK(text.find("--lines 0") != std::string::npos);
          CHECK(text.find("row 0 ") != std::string::npos);
        }
      }
    }
    // All are there if all are asked for.
    const view::Page page = endless_page(12, 50, 40);
    const std::string all = render::to_text(page, {.width = 80, .lines = 0});
    const auto blocks = count_of(all, "row 49 ") / 12;
    CHECK(blocks >= 3);
    CHECK(count_of(all, "row 1 ") == 12 * blocks);
    CHECK(all.find("--lines") == std::string::npos);
    CHECK(all.find("more") == std::string::npos);
    // The number of rows that are left out and of those that are shown come to all of them.
    const std::string cut = render::to_text(endless_page(1, 300, 3), {.width = 80, .lines = 40});
    const auto at = cut.find("and ");
    REQUIRE(at != std::string::npos);
    CHECK(std::stoul(cut.substr(at + 4)) + count_of(cut, "\n  row ") == 300);
  }

  TEST_CASE("render: rows that the view itself left out are told with the way to get them") {
    view::Section section{.key = "rows", .title = "Rows"};
    section.table = numbers_table(3, 2);
    section.table.total_rows = 19'999;
    section.table.more = "--top 0 shows all";
    const auto text_of = [&] { return render::to_text(view::Page{.view = "x", .sections = {section}}, {}); };
    CHECK(text_of().find("19,996 more (--top 0 shows all)") != std::string::npos);
    CHECK(render::to_text(section.table, {}).find("19,996 more (--top 0 shows all)") != std::string::npos);
    // A total that counts them says it already.
    section.table.rows.push_back({"19,996 smaller rows", 1.0, 1.0});
    section.table.totals = 1;
    CHECK(text_of().find("19,996 more") == std::string::npos);
    CHECK(text_of().find("--top 0 shows all") != std::string::npos);
  }

  TEST_CASE("render: of a section of which all is left out the key is named") {
    view::Page page = endless_page(30, 10, 2);
    const std::string text = render::to_text(page, {.lines = 40});
    CHECK(text.find("part29") != std::string::npos);
    CHECK(text.find("--section KEY") != std::string::npos);
    const std::size_t shown = count_of(text, "\nPart ");
    CHECK(text.find(std::to_string(30 - shown) + " more sections") != std::string::npos);
  }

  TEST_CASE("render: words are wrapped at the width, with both indents, and a long word stands alone") {
    const Screen narrow{.width = 20};
    CHECK(render::wrapped("", narrow, 2, 4).empty());
    CHECK(render::wrapped("  \n ", narrow, 2, 4).empty());
    CHECK(render::wrapped("one two  three\nfour five six", narrow, 2, 4)
          == std::vector<std::string>{"  one two three four", "    five six"});
    CHECK(render::wrapped("a bcdefghijklmnopqrstuvwxyz c", narrow, 0, 3)
          == std::vector<std::string>{"a", "   bcdefghijklmnopqrstuvwxyz", "   c"});
    // Ideographs take two columns.
    CHECK(render::wrapped("漢漢漢漢 漢漢漢漢漢 漢", narrow, 0, 0)
          == std::vector<std::string>{"漢漢漢漢 漢漢漢漢漢", "漢"});
    for (int width = 20; width < 90; ++width) {
      const Screen screen{.width = width};
      const std::string text = whole_page().about;
      std::string joined;
      for (const std::string& line : render::wrapped(text, screen, 3, 5)) {
        CHECK(columns_of(line) <= static_cast<std::size_t>(width));
        joined += (joined.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
      }
      CHECK(joined == text);
    }
  }

  TEST_CASE("render: a sparkline goes from the lowest to the highest, and is as wide as there is room") {
    CHECK(render::sparkline({}, 10) == "");
    CHECK(render::sparkline({5}, 10) == "▅");
    CHECK(render::sparkline({3, 3, 3}, 10) == "▅▅▅");
    CHECK(render::sparkline({0, 1, 2, 3, 4, 5, 6, 7, 8}, 9) == "▁▂▃▄▅▆▇██");
    CHECK(render::sparkline({8, 0}, 9) == "█▁");
    CHECK(render::sparkline({1, std::nan(""), 2, std::numeric_limits<double>::infinity()}, 9) == "▁×█×");
    // Means of two: 0.5, 2.5, 4.5, 6.5 of 7.
    CHECK(render::sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 4) == "▁▃▆█");
    for (const std::size_t width : {1U, 7U, 40U}) {
      CHECK(columns_of(render::sparkline(std::vector<double>(100, 1.5), width)) == width);
    }
    CHECK(render::sparkline({-1e308, 1e308}, 9) == "▁█");  // whose difference no double holds
  }

  TEST_CASE("render: curves stand above a long table, with first, lowest and last") {
    view::Page page{.view = "history", .sections = {curve_section(400)}};
    const std::string text = render::to_text(page, {.width = 80});
    const auto lines = lines_of(text);
    const auto line = [&](const std::string& part) {
      const auto found = std::find_if(lines.begin(), lines.end(),
                                      [&](const std::string& one) { return one.starts_with("  " + part); });
      REQUIRE_MESSAGE(found != lines.end(), text);
      return *found;
    };
    CHECK(line("training").find("3.0000") != std::string::npos);
    CHECK(line("training").find("2.0025") != std::string::npos);
    CHECK(line("held out").find("2.5000") != std::string::npos);
    CHECK(lines.size() < 30);
    CHECK(text.find("left out") != std::string::npos);
    CHECK(text.find("\n   400 ") != std::string::npos);  // the last row is among those that are shown
    // Few rows are the table alone.
    page.sections = {curve_section(8)};
    CHECK(render::to_text(page, {.width = 80}).find("█") == std::string::npos);
  }

  TEST_CASE("render: a table alone is the table of its page") {
    const view::Table table = numbers_table(2, 3);
    CHECK(render::to_text(table, {.width = 80})
          == "name       0      1      2\n"
             "row 0  -1.75  -1.50  -1.25\n"
             "row 1  -1.00  -0.75  -0.50\n");
    // In blocks of columns, the names before each.
    CHECK(render::to_text(table, {.width = 20})
          == "name       0      1\n"
             "row 0  -1.75  -1.50\n"
             "row 1  -1.00  -0.75\n"
             "\n"
             "name       2\n"
             "row 0  -1.25\n"
             "row 1  -0.50\n");
  }

  TEST_CASE("render: every kind of value and format as text") {
    const auto cell = [](const view::Value& value, const view::Format& format) {
      const std::string text =
          render::to_text(view::Table{.columns = {{"v", "", format}}, .rows = {{value}}}, {});
      return text.substr(0, text.size() - 1);
    };
    CHECK(cell(std::int64_t{1234567}, view::whole()) == "1,234,567");
    CHECK(cell(std::int64_t{-1234567}, view::whole()) == "-1234567");
    CHECK(cell(1234.4, view::whole()) == "1234");
    CHECK(cell(0.12345, view::fixed(3)) == "0.123");
    CHECK(cell(1e-9, view::fixed(3)) == "0.000");
    CHECK(cell(1e-9, view::number(3)) == "1.00e-09");
    CHECK(cell(0.25, view::percent(1)) == "25.0%");
    CHECK(cell(1.5, view::text_format()) == "1.5000");
    CHECK(cell("words", view::number(3)) == "words");
    CHECK(cell(std::nan(""), view::number(3)) == "nan");
    CHECK(cell(-std::numeric_limits<double>::infinity(), view::fixed(3)) == "-inf");
    CHECK(cell(Agreement{.difference = 1e-17, .rounding = 1e-16}, view::number(3)) == "agrees to 1e-12");
    CHECK(cell(Agreement{.difference = 0.5, .rounding = 1e-16}, view::number(2)) == "0.5000");
    CHECK(cell(std::monostate(), view::number(2)) == "");
    // An exact 0 stands above the whole digits.
    CHECK(
        render::to_text(view::Table{.columns = {{"n", "n", view::text_format()}, {"v", "v", view::number(3)}},
                                    .rows = {{"a", 0.0}, {"b", 12.5}}},
                        {})
        == "n       v\na   0\nb  12.500\n");
  }
}
