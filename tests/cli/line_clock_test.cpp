#include "cli/line_clock.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_SUITE("cli") {
  TEST_CASE("line clock: a line is due after 10 s without one, and then less and less often") {
    microgpt::cli::LineClock clock;
    std::vector<int> lines;
    for (int second = 0; second <= 3000; ++second) {
      if (clock.due(second)) lines.push_back(second);
    }
    CHECK(lines == std::vector<int>{10, 40, 100, 220, 520, 1120, 1720, 2320, 2920});
  }

  TEST_CASE("line clock: where lines come for other reasons none is due") {
    microgpt::cli::LineClock clock;
    for (int second = 0; second <= 3000; ++second) {
      if (second % 9 == 0) clock.written(second);
      CHECK(!clock.due(second));
    }
    CHECK(clock.due(3010));
  }
}
