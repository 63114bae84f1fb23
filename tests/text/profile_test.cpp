#include "microgpt/text/profile.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("text") {
  using namespace microgpt;

  TEST_CASE(
      "profile: lines and paragraphs are counted stripped, in characters, and only blank lines between "
      "them") {
    const TextProfile profile = profile_text("\n\n  \u00e9mma \nolivia\n\t\nava\nemma\nava\n\n \n");
    CHECK(profile.characters == 35);
    CHECK(profile.lines.parts == 5);
    CHECK(profile.lines.percentile_99 == 6);
    CHECK(profile.lines.median == 4);
    CHECK(profile.distinct_lines == 4);
    CHECK(profile.blank_lines == 1);
    CHECK(profile.paragraphs.parts == 2);
    CHECK(profile.paragraphs.percentile_99 == 12);  // "ava", "emma" and "ava" with two newlines between
  }

  TEST_CASE("profile: percentiles are those of the sorted lengths") {
    std::string text;
    for (int length = 100; length >= 1; --length)
      text += std::string(static_cast<std::size_t>(length), 'x') + "\n";
    const TextProfile profile = profile_text(text);
    CHECK(profile.lines.median == 50);
    CHECK(profile.lines.percentile_95 == 95);
    CHECK(profile.lines.percentile_99 == 99);
    CHECK(profile_text("ab\n" + std::string(999, 'x')).lines.percentile_95 == 999);
    CHECK(profile.paragraphs.parts == 1);
  }

  TEST_CASE("profile: an empty text and a text without a newline are texts too") {
    CHECK(profile_text("").lines.parts == 0);
    CHECK(profile_text("\n \n").lines.parts == 0);
    const TextProfile one = profile_text("abc");
    CHECK(one.lines.parts == 1);
    CHECK(one.lines.percentile_99 == 3);
    CHECK(one.characters == 3);
  }
}
