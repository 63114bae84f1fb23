#include "microgpt/render/heat.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "render/drawn_pages.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using view::Heat;
  using Shares = std::vector<std::vector<double>>;

  view::Table heated(Heat heat, std::vector<std::vector<view::Value>> rows, std::size_t totals = 0) {
    return {.columns = {{"name", "name"}, {"a", "a", view::fixed(1), heat}, {"b", "b", view::fixed(1), heat}},
            .rows = std::move(rows),
            .totals = totals};
  }

  }  // namespace

  TEST_CASE("render: a heat is a share of 1, of its column's, of the table's or of its row's largest") {
    const std::vector<std::vector<view::Value>> rows = {{"x", 1.0, -8.0}, {"y", -2.0, 4.0}};
    CHECK(render::heat_of(heated(Heat::none, rows)) == Shares{{0, 0, 0}, {0, 0, 0}});
    CHECK(render::heat_of(heated(Heat::unit, {{"x", 0.25, -0.5}, {"y", 1.0, 3.0}}))
          == Shares{{0, 0.25, -0.5}, {0, 1, 1}});
    CHECK(render::heat_of(heated(Heat::column, rows)) == Shares{{0, 0.5, -1}, {0, -1, 0.5}});
    CHECK(render::heat_of(heated(Heat::table, rows)) == Shares{{0, 0.125, -1}, {0, -0.25, 0.5}});
    CHECK(render::heat_of(heated(Heat::row, rows)) == Shares{{0, 1, 0}, {0, 0, 1}});
    CHECK(render::heat_of(heated(Heat::row, {{"x", 2.0, 2.0}})) == Shares{{0, 0, 0}});
  }

  TEST_CASE("render: totals have no heat and set no scale; text and what is not finite neither") {
    const double inf = std::numeric_limits<double>::infinity();
    for (const Heat heat : {Heat::column, Heat::table}) {
      CHECK(render::heat_of(heated(heat,
                                   {{"x", 1.0, 2.0},
                                    {"y", std::nan(""), inf},
                                    {"z", "9", std::monostate()},
                                    {"sum", 100.0, 100.0}},
                                   1))[3]
            == std::vector<double>{0, 0, 0});
    }
    CHECK(render::heat_of(heated(Heat::column,
                                 {{"x", 1.0, 2.0},
                                  {"y", std::nan(""), inf},
                                  {"z", "9", std::monostate()},
                                  {"w", std::int64_t{-2}, 1.0},
                                  {"sum", 100.0, 100.0}},
                                 1))
          == Shares{{0, 0.5, 1}, {0, 0, 0}, {0, 0, 0}, {0, -1, 0.5}, {0, 0, 0}});
    CHECK(render::heat_of(heated(Heat::column, {{"x", 0.0, 0.0}})) == Shares{{0, 0, 0}});
    CHECK(render::heat_of(heated(Heat::row, {{"x", std::nan(""), 1.0}})) == Shares{{0, 0, 0}});
    CHECK(render::heat_of(heated(Heat::column, {})).empty());
  }

  TEST_CASE("render: the number of a cell is nan where there is none") {
    CHECK(render::number_of(1.5) == 1.5);
    CHECK(render::number_of(std::int64_t{-3}) == -3);
    for (const view::Value& value : {view::Value(), view::Value("1"), view::Value(std::vector<double>{1}),
                                     view::Value(Agreement{1, 1})}) {
      CHECK(std::isnan(render::number_of(value)));
    }
  }
}
