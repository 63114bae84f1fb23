#include "microgpt/text/near_characters.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;

  std::u32string near(char32_t character, std::u32string known) {
    std::sort(known.begin(), known.end());
    const auto found = near_characters(character, known);
    return {found.begin(), found.end()};
  }

  }  // namespace

  TEST_CASE("near characters: the other case, the base letter, the plain form, and signs of one use") {
    const std::u32string letters = U"abceE\u00e9n'-\" ";
    CHECK(near(U'A', letters) == U"a");
    CHECK(near(U'\u00c9', letters) == U"\u00e9Ee");  // É: é, E, e
    CHECK(near(U'\u00ea', letters) == U"eE");        // ê
    CHECK(near(U'\u1ec7', letters) == U"eE");        // ệ, with two accents
    CHECK(near(U'\u00d1', letters) == U"n");         // Ñ
    CHECK(near(U'\uff21', letters) == U"a");         // full-width A
    CHECK(near(U'\u2019', letters) == U"'");
    CHECK(near(U'\u201e', letters) == U"\"");
    CHECK(near(U'\u2014', letters) == U"-");
    CHECK(near(U'\u00a0', letters) == U" ");
    CHECK(near(U'\'', U"a\u2019") == U"\u2019");  // the other way round too
  }

  TEST_CASE("near characters: mostly there are none, never itself, and never many") {
    CHECK(near(U'Z', U"abc").empty());
    CHECK(near(U'\u20ac', U"abc").empty());
    CHECK(near(U'\U0001f600', U"abc").empty());
    CHECK(near(U'\n', U"abc").empty());
    CHECK(near(U'\0', U"abc").empty());
    CHECK(near(U'a', U"a").empty());
    CHECK(near(U'a', U"").empty());
    CHECK(near(U'"', U"\u201d\u201c\u201e\u00ab\u00bb").size() == 5);
    const std::vector<char32_t> known = {U' ', U'"', U'\'', U'-', U'A', U'a', U'e'};
    std::size_t most = 0;
    for (char32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
      most = std::max(most, near_characters(c, known).size());
    }
    CHECK(most >= 2);
    CHECK(most <= 5);
  }

  TEST_CASE("near characters: in words") {
    const std::u32string known = U"Ee\u00e9";
    CHECK(near_characters_text(U'\u00c9', known) == "; it knows '\u00e9', 'E' and 'e'");
    CHECK(near_characters_text(U'\u00c9', known.substr(1, 1)) == "; it knows 'e'");
    CHECK(near_characters_text(U'x', known) == "");
  }
}
