// Pages as JSON: the schema of docs/pages.md, for every page there is, with every digit.
#include "microgpt/render/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "render/drawn_pages.hpp"
#include "support/every_page.hpp"
#include "support/page_schema.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  nlohmann::ordered_json json_of(const view::Page& page) {
    return nlohmann::ordered_json::parse(render::to_json(page).dump());
  }

  }  // namespace

  TEST_CASE("render: every view, topic and report is a page as docs/pages.md has it") {
    std::size_t figures = 0;
    const auto pages = EveryPage().all();
    CHECK(pages.size() >= 33);
    for (const view::Page& page : pages) {
      CAPTURE(page.view);
      CHECK(faults_of_page(render::to_json(page).dump()) == "");
      for (const view::Section& section : page.sections) figures += section.figure ? 1U : 0U;
    }
    CHECK(figures >= 20);
    CHECK(faults_of_page(render::to_json(view::Page{.view = "empty"}).dump()) == "");
  }

  TEST_CASE("render: the JSON of a page has all that was put into it") {
    view::Page page = whole_page();
    page.steps = true;
    page.sections.push_back(scatter_section());
    page.sections.push_back(curve_section(5));
    const auto json = json_of(page);
    CHECK(faults_of_page(json.dump()) == "");
    CHECK(json["format_version"] == 1);
    CHECK(json["view"] == "ledger");
    CHECK(json["about"] == page.about);
    CHECK(json["lines"].dump() == R"({"first":97,"last":140,"revisions":["latest","course"]})");
    CHECK(json["steps"] == true);
    CHECK(json["facts"]["documents"].dump()
          == R"({"title":"documents","value":32033,"format":{"kind":"whole","digits":0}})");
    CHECK(json["facts"]["loss"]["value"] == 2.1234);
    const auto& bars = json["sections"][0];
    CHECK(bars["key"] == "parts");
    CHECK(bars["address"] == "logits[token 'a']");
    CHECK(bars["lines"].dump() == R"({"first":108,"last":140,"revisions":["course"]})");
    CHECK(bars["result"] == 1.25);
    CHECK(bars["agreement"] == 1e-16);
    CHECK(bars["table"]["columns"][1].dump()
          == R"({"key":"adds","title":"adds","format":{"kind":"number","digits":4},"heat":"column"})");
    CHECK(bars["table"]["rows"][2].dump() == R"(["embed",-0.25,null])");
    CHECK(bars["table"]["labels"] == 1);
    CHECK(bars["table"]["totals"] == 2);
    CHECK(bars["table"]["total_rows"] == 10);
    CHECK(bars["table"]["more"] == "--top 0 shows all");
    CHECK(
        bars["figure"].dump()
        == R"({"kind":"bars","title":"What each part adds","x":"part","y":["adds"],"label":null,"x_title":null,)"
           R"("y_title":"change of the logit","references":[]})");
    CHECK(bars["note"] == page.sections[0].note);
    const auto& words = json["sections"][1]["table"];
    CHECK(words["rows"][1][4].dump() == R"([4.0,"nan",1.0])");
    CHECK(words["rows"][2].dump() == R"(["none",null,null,1e-17,null,null])");
    CHECK(words["total_rows"] == 3);
    CHECK(words["more"].is_null());
    CHECK(json["sections"][1]["figure"].is_null());
    CHECK(json["sections"][3]["figure"]["label"] == "token");
    CHECK(json["sections"][4]["figure"]["references"][1].dump() == R"({"title":"trigram","value":2.5})");
    CHECK(json["sections"][4]["table"]["rows"][2].dump() == "[3,2.3333333333333335,null]");
  }

  TEST_CASE("render: numbers of the JSON are the numbers of the page to the last bit") {
    using Limits = std::numeric_limits<double>;
    Noise noise(5);
    std::vector<double> numbers = {1.0 / 3, 5e-324, Limits::max(), -1e22, 0.1, 123456789012345678.0};
    for (int i = 0; i < 500; ++i) numbers.push_back(std::ldexp(noise.number(), noise.whole(-1000, 1000)));
    view::Page page{.view = "numbers", .sections = {{.key = "all"}}};
    view::Table& table = page.sections[0].table;
    table.columns = {{"n", "n", view::fixed(1)}};
    for (const double n : numbers) table.rows.push_back({n});
    table.rows.push_back({std::int64_t{9007199254740993}});
    table.rows.push_back({std::nan("")});
    table.rows.push_back({-std::nan("")});
    table.rows.push_back({Limits::infinity()});
    table.rows.push_back({-Limits::infinity()});
    page.sections[0].result = std::nan("");
    page.facts.push_back({"bad", "bad", -Limits::infinity()});
    const auto json = json_of(page);
    CHECK(faults_of_page(json.dump()) == "");
    const auto& rows = json["sections"][0]["table"]["rows"];
    for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(rows[i][0].get<double>() == numbers[i]);
    CHECK(rows[numbers.size()][0].get<std::int64_t>() == 9007199254740993);
    CHECK(rows[numbers.size() + 1][0] == "nan");
    CHECK(rows[numbers.size() + 2][0] == "nan");
    CHECK(rows[numbers.size() + 3][0] == "inf");
    CHECK(rows[numbers.size() + 4][0] == "-inf");
    CHECK(json["sections"][0]["result"] == "nan");
    CHECK(json["facts"]["bad"]["value"] == "-inf");
  }

  TEST_CASE("render: a document with a key too few, too many or of another type is no page") {
    view::Page page = whole_page();
    page.sections = {curve_section(3), bars_section()};
    const auto good = json_of(page);
    REQUIRE(faults_of_page(good.dump()) == "");
    // Every key of the page, and of the section with a table and a figure in it.
    const std::vector<std::string> objects = {"",
                                              "/lines",
                                              "/facts/loss",
                                              "/facts/loss/format",
                                              "/sections/0",
                                              "/sections/1/lines",
                                              "/sections/0/table",
                                              "/sections/0/table/columns/1",
                                              "/sections/0/table/columns/1/format",
                                              "/sections/0/figure",
                                              "/sections/0/figure/references/0"};
    std::size_t keys = 0;
    for (const std::string& place : objects) {
      const nlohmann::ordered_json::json_pointer at(place);
      REQUIRE(good[at].is_object());
      for (const auto& item : good[at].items()) {
        const std::string key = item.key();
        const auto& value = item.value();
        if (place + "/" + key == "/facts/loss") continue;
        CAPTURE(place);
        CAPTURE(key);
        auto without = good;
        without[at].erase(key);
        CHECK(faults_of_page(without.dump()) != "");
        auto other = good;
        other[at][key] = value.is_object() ? nlohmann::ordered_json(-1.5) : nlohmann::ordered_json::object();
        if (place != "" || key != "facts") CHECK(faults_of_page(other.dump()) != "");
        ++keys;
      }
      if (place == "/facts") continue;
      auto more = good;
      more[at]["surplus"] = 1;
      CHECK(faults_of_page(more.dump()) != "");
    }
    CHECK(keys >= 50);
    const auto with = [&](const std::string& place, const nlohmann::ordered_json& value) {
      auto changed = good;
      changed[nlohmann::ordered_json::json_pointer(place)] = value;
      return faults_of_page(changed.dump());
    };
    CHECK(with("/format_version", 2) != "");
    CHECK(with("/sections/1/key", "loss") != "");
    CHECK(with("/sections/0/title", "") != "");
    CHECK(with("/sections/0/table/rows/0", {1, 2}) != "");
    CHECK(with("/sections/0/table/rows/0/1", true) != "");
    CHECK(with("/sections/0/table/rows/0/1", {1, "x"}) != "");
    CHECK(with("/sections/0/table/rows/0/1", "nan") == "");
    CHECK(with("/sections/0/table/labels", 4) != "");
    CHECK(with("/sections/0/table/totals", 4) != "");
    CHECK(with("/sections/0/table/total_rows", 2) != "");
    CHECK(with("/sections/0/table/total_rows", 4) != "");  // and no word of how to get it
    CHECK(with("/sections/0/table/more", "--top 0") != "");
    CHECK(with("/sections/0/table/columns/1/key", "step") != "");
    CHECK(with("/sections/0/table/columns/1/heat", "hot") != "");
    CHECK(with("/sections/0/table/columns/1/format/kind", "octal") != "");
    CHECK(with("/sections/0/figure/kind", "pie") != "");
    CHECK(with("/sections/0/figure/x", "steps") != "");
    CHECK(with("/sections/0/figure/y/0", "steps") != "");
    CHECK(with("/sections/0/figure/y", nlohmann::ordered_json::array()) != "");
    CHECK(with("/sections/0/figure/label", "steps") != "");
    CHECK(with("/sections/0/figure/references/0/value", "high") != "");
    CHECK(with("/lines/last", 96) != "");
    CHECK(with("/lines/revisions", {"newest"}) != "");
    CHECK(faults_of_page("[]") != "");
    CHECK(faults_of_page(good.dump() + "x") != "");
    CHECK(faults_of_page("") != "");
  }
}
