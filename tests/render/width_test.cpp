#include "microgpt/render/width.hpp"

#include <doctest/doctest.h>

TEST_SUITE("render") {
  using namespace microgpt::render;

  TEST_CASE("width: marks take no column, the characters of East Asia two, the others one") {
    struct Case {
      char32_t character;
      int width;
    };
    const Case cases[] = {{U'a', 1},          {U'~', 1},          {U'\u00e9', 1},    {U'\u02ff', 1},
                          {U'\u0370', 1},     {U'\u0391', 1},     {U'\u05d0', 1},    {U'\u2014', 1},
                          {U'\u2581', 1},     {U'\u2588', 1},     {U'\u0300', 0},  // combining grave
                          {U'\u036f', 0},     {U'\u05b4', 0},                      // a Hebrew vowel
                          {U'\u064b', 0},                                          // an Arabic one
                          {U'\u0e31', 0},                                          // a Thai one
                          {U'\u200b', 0},     {U'\u200d', 0},     {U'\u20d7', 0},    {U'\u3099', 0},
                          {U'\ufe0f', 0},     {U'\U000e0100', 0}, {U'\u1100', 2},    {U'\u2e80', 2},
                          {U'\u3042', 2},     {U'\u4e00', 2},     {U'\u9fff', 2},    {U'\uac00', 2},
                          {U'\u3000', 2},  // the ideographic space
                          {U'\uff01', 2},  // fullwidth
                          {U'\uff61', 1},  // halfwidth
                          {U'\U0001f600', 2}, {U'\U0001d400', 1}, {U'\U00020000', 2}};
    for (const Case& each : cases) {
      CAPTURE(static_cast<unsigned>(each.character));
      CHECK(display_width(each.character) == each.width);
    }
  }

  TEST_CASE("width: of a text, and what of it fits") {
    const std::string text =
        "e\xcc\x81-\xe6\xbc\xa2\xe5\xad\x97!";  // e with a combining acute, -, two ideographs, !
    CHECK(display_width(std::string_view("")) == 0);
    CHECK(display_width(std::string_view("opal")) == 4);
    CHECK(display_width(text) == 7);
    const std::pair<std::size_t, std::size_t> fits[] = {{0, 0}, {1, 3},  {2, 4},  {3, 4},  {4, 7},
                                                        {5, 7}, {6, 10}, {7, 11}, {99, 11}};
    for (const auto& fit : fits) {
      const std::size_t columns = fit.first;
      CAPTURE(columns);
      CHECK(cut_to_width(text, columns) == text.substr(0, fit.second));
    }
  }
}
