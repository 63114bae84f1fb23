#include "microgpt/text/words.hpp"

#include <doctest/doctest.h>

TEST_SUITE("text") {
  using namespace microgpt;

  TEST_CASE("words: one is singular, and thousands have commas") {
    CHECK(counted(0, "line") == "0 lines");
    CHECK(counted(1, "line") == "1 line");
    CHECK(counted(2, "line") == "2 lines");
    CHECK(counted(1, "held-out loss", "es") == "1 held-out loss");
    CHECK(counted(1234567, "held-out loss", "es") == "1,234,567 held-out losses");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1000) == "1,000");
  }
}
