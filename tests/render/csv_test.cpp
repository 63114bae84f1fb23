// Tables as CSV: RFC 4180 to the letter, and every digit of every number.
#include "microgpt/render/csv.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "render/drawn_pages.hpp"
#include "support/errors.hpp"
#include "support/every_page.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using Records = std::vector<std::vector<std::string>>;

  /// The records of a text by the grammar of RFC 4180, whose every line ends with CR LF. Throws where it is none.
  Records parse_csv(const std::string& text) {
    Records records(1);
    std::size_t at = 0;
    while (at < text.size()) {
      std::string field;
      if (text[at] == '"') {
        for (++at;; ++at) {
          if (at >= text.size()) throw std::runtime_error("a quote that is not closed");
          if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
          if (text[at] == '"') ++at;
          field += text[at];
        }
        ++at;
      } else {
        for (; at < text.size() && text[at] != ',' && text[at] != '\r'; ++at) {
          if (text[at] == '"' || text[at] == '\n') throw std::runtime_error("a bare quote or newline");
          field += text[at];
        }
      }
      records.back().push_back(field);
      if (at < text.size() && text[at] == ',') {
        ++at;
        if (at < text.size() && text[at] == '\r') records.back().emplace_back();
      }
      if (at < text.size() && text[at] == '\r') {
        if (text.compare(at, 2, "\r\n") != 0) throw std::runtime_error("CR without LF");
        at += 2;
        records.emplace_back();
      }
    }
    if (!records.back().empty()) throw std::runtime_error("the last line does not end");
    records.pop_back();
    return records;
  }

  }  // namespace

  TEST_CASE("render: CSV has the keys of the columns and each text as it is, quoted where it must be") {
    const std::vector<std::string> texts = {
        "plain", "",         "a,b",  "\"",    "\"\"", "say \"a\", b",        "\r\n",     "one\ntwo",
        "\r",    " spaces ", "漢字", "'\\n'", "a\tb", std::string("\0x", 2), "\x1b[31m", "\"quoted\""};
    view::Table table{.columns = {{"name", "A name, with a comma"}, {"other_name", "Other"}}};
    for (const std::string& text : texts) table.rows.push_back({text, "x"});
    table.rows.push_back({"short"});  // a row may have fewer cells than the table has columns
    table.rows.push_back({std::monostate(), std::monostate()});
    const Records records = parse_csv(render::to_csv(table));
    REQUIRE(records.size() == texts.size() + 3);
    CHECK(records[0] == std::vector<std::string>{"name", "other_name"});
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(records[i + 1] == std::vector<std::string>{texts[i], "x"});
    }
    CHECK(records[texts.size() + 1] == std::vector<std::string>{"short", ""});
    CHECK(records[texts.size() + 2] == std::vector<std::string>{"", ""});
  }

  TEST_CASE("render: numbers of a CSV read back as the same numbers") {
    using Limits = std::numeric_limits<double>;
    Noise noise(77);
    std::vector<double> numbers = {0,
                                   -0.0,
                                   1.0 / 3,
                                   0.1,
                                   1e21,
                                   -2.5e-300,
                                   5e-324,
                                   1e22,
                                   1e23,
                                   Limits::max(),
                                   Limits::lowest(),
                                   Limits::epsilon(),
                                   123456789012345678.0};
    for (int i = 0; i < 2000; ++i) numbers.push_back(std::ldexp(noise.number(), noise.whole(-1000, 1000)));
    view::Table table{.columns = {{"n", "", view::fixed(1)}, {"list", ""}}};
    for (const double n : numbers) table.rows.push_back({n, std::vector<double>{n, -n}});
    const Records records = parse_csv(render::to_csv(table));
    REQUIRE(records.size() == numbers.size() + 1);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto& record = records[i + 1];
      CAPTURE(record[0]);
      CHECK(std::strtod(record[0].c_str(), nullptr) == numbers[i]);
      CHECK(std::signbit(std::strtod(record[0].c_str(), nullptr)) == std::signbit(numbers[i]));
      CHECK(record[0].size() <= 24);
      const auto space = record[1].find(' ');
      CHECK(std::strtod(record[1].substr(0, space).c_str(), nullptr) == numbers[i]);
      CHECK(std::strtod(record[1].substr(space).c_str(), nullptr) == -numbers[i]);
    }
    CHECK(parse_csv(render::to_csv({.columns = {{"n", ""}}, .rows = {{0.1}}}))[1][0] == "0.1");
  }

  TEST_CASE("render: whole numbers, agreements and what is not finite in a CSV") {
    const double nan = std::nan("");
    const double inf = std::numeric_limits<double>::infinity();
    const view::Table table{.columns = {{"v", "", view::whole()}},
                            .rows = {{std::int64_t{1234567}},
                                     {std::numeric_limits<std::int64_t>::min()},
                                     {Agreement{.difference = 1.25e-17, .rounding = 1e-16}},
                                     {nan},
                                     {-nan},
                                     {inf},
                                     {-inf},
                                     {std::vector<double>()},
                                     {std::vector<double>{1, nan, 2.5}}}};
    const Records records = parse_csv(render::to_csv(table));
    std::vector<std::string> values;
    for (std::size_t i = 1; i < records.size(); ++i) values.push_back(records[i].at(0));
    CHECK(values
          == std::vector<std::string>{"1234567", "-9223372036854775808", "1.25e-17", "nan", "nan", "inf",
                                      "-inf", "", "1 nan 2.5"});
  }

  TEST_CASE("render: the tables of every page are CSV with a record for each row") {
    for (const view::Page& page : EveryPage().all()) {
      CAPTURE(page.view);
      for (const view::Section& section : page.sections) {
        if (section.table.empty()) continue;
        CAPTURE(section.key);
        const Records records = parse_csv(render::to_csv(section.table));
        REQUIRE(records.size() == section.table.rows.size() + 1);
        for (const auto& record : records) CHECK(record.size() == section.table.columns.size());
      }
    }
  }

  TEST_CASE("render: the table of a section is found by its key, or else the first there is") {
    view::Page page = whole_page();
    page.sections.insert(page.sections.begin(), view::Section{.key = "words_only", .says = "No table."});
    CHECK(&render::find_table(page, "") == &page.sections[1].table);
    CHECK(&render::find_table(page, "pattern") == &page.sections[3].table);
    for (const char* key : {"nothing", "words_only"}) {
      const Failure failure = failure_of([&] { (void)render::find_table(page, key); });
      CHECK(failure.fault == 2);
      CHECK(failure.names("--section"));
      CHECK(failure.names("pattern"));
    }
    page.sections.resize(1);
    CHECK(failure_of([&] { (void)render::find_table(page, ""); }).fault == 2);
  }
}
