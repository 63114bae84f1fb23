// How wide words are estimated to be, beside the widths that DejaVu Sans gives them.
#include "microgpt/render/svg_text.hpp"

#include <doctest/doctest.h>

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using render::Font;

  struct Measured {
    const char* text;
    double normal, bold;  // the sum of the font's advance widths at 12 pixels
  };
  constexpr Measured kMeasured[] = {{"The length of the residual stream", 201.0, 227.5},
                                    {"layer0.attn.pattern[head 0]", 164.8, 187.3},
                                    {"emmanuelalexander", 124.1, 138.0},
                                    {"WWWMMM@@@%%%", 136.9, 147.6},
                                    {"illicit jittery lilies", 98.1, 115.1},
                                    {"-0.123456 1,234,567", 126.5, 139.7},
                                    {"'e' from 3 'm'", 79.5, 88.1},
                                    {"ÄÖÜéèñß Łódź", 88.2, 98.4},
                                    {"Привет мир", 74.2, 80.7},
                                    {"αβγδε θλμ", 62.4, 68.8}};

  }  // namespace

  TEST_CASE("render: words are estimated as wide as the widest font makes them, and little wider") {
    for (const Measured& one : kMeasured) {
      CAPTURE(one.text);
      const double normal = render::text_width(one.text);
      CHECK(normal >= one.normal - 1);
      CHECK(normal <= 1.25 * one.normal);
      CHECK(render::text_width(one.text, Font::name) >= one.bold - 2);
      CHECK(render::text_width(one.text, Font::small) < normal);
    }
    CHECK(render::text_width("漢字") == 24);                          // squares
    CHECK(render::text_width("e\u0301") == render::text_width("e"));  // a mark stands on its letter
    CHECK(render::text_width("\n") == render::text_width("\\n"));     // as it is written
  }

  TEST_CASE("render: words are cut to the pixels there are, and say so") {
    const std::string text = "emmanuel alexander christopher";
    CHECK(render::cut_to_pixels(text, 1000) == text);
    for (const double pixels : {20.0, 55.5, 100.0, 170.0}) {
      const std::string cut = render::cut_to_pixels(text, pixels);
      CAPTURE(cut);
      CHECK(render::text_width(cut) <= pixels);
      CHECK(cut.ends_with("…"));
      CHECK(text.starts_with(cut.substr(0, cut.size() - 3)));
    }
    // Long enough to be worth it: a letter more would not fit.
    CHECK(render::text_width(render::cut_to_pixels(text, 100)) > 80);
    CHECK(render::cut_to_pixels("漢字漢字", 30) == "漢…");

    const auto lines = render::wrapped_to_pixels(text, 80, 3);
    CHECK(lines == std::vector<std::string>{"emmanuel", "alexander", "christopher"});
    const auto two = render::wrapped_to_pixels(text + " michael angelo", 150, 2);
    REQUIRE(two.size() == 2);
    CHECK(two[0] == "emmanuel alexander");
    CHECK(two[1].starts_with("christopher michael"));
    CHECK(two[1].ends_with("…"));
    for (const std::string& line : two) CHECK(render::text_width(line) <= 150);
    CHECK(render::wrapped_to_pixels("", 80, 3).empty());
  }
}
