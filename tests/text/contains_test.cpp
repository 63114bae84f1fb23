#include "microgpt/text/contains.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

TEST_SUITE("text") {
  using microgpt::contains;

  TEST_CASE("contains: at the beginning, in the middle, at the end, and nowhere") {
    const std::string text = "to be, or not to be";
    for (const char* piece :
         {"", "t", "to", "to be,", "be, or", "e", "not to be", " be", "to be, or not to be"}) {
      CAPTURE(piece);
      CHECK(contains(text, piece));
    }
    for (const char* piece : {"x", "be.", "To", "to  be", "or to", "not to be ", "to be, or not to bee"}) {
      CAPTURE(piece);
      CHECK(!contains(text, piece));
    }
    CHECK(contains("", ""));
    CHECK(!contains("", "a"));
    CHECK(contains(std::string("a\0\xff"
                               "b",
                               4),
                   std::string("\0\xff", 2)));
    CHECK(!contains(std::string("a\0\xff"
                                "b",
                                4),
                    std::string("\0"
                                "b",
                                2)));
  }

  TEST_CASE(
      "contains: short words over few letters, where pieces overlap themselves, as std::string finds them") {
    std::mt19937 random(1);
    const auto word = [&](std::size_t most) {
      std::string letters(random() % (most + 1), 'a');
      for (char& letter : letters) letter = static_cast<char>('a' + random() % 2);
      return letters;
    };
    int found = 0;
    constexpr int kWords = 20'000;
    for (int i = 0; i < kWords; ++i) {
      const std::string text = word(24);
      const std::string piece = word(8);
      CAPTURE(text);
      CAPTURE(piece);
      const bool expected = text.find(piece) != std::string::npos;
      REQUIRE(contains(text, piece) == expected);
      found += expected ? 1 : 0;
    }
    CHECK(found > kWords / 4);
    CHECK(found < kWords * 3 / 4);
  }
}
