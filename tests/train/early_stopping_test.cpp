#include "microgpt/train/early_stopping.hpp"

#include <doctest/doctest.h>

#include <limits>

TEST_SUITE("train") {
  using namespace microgpt;

  TEST_CASE("early_stopping: counts what brings no new best, and a tie brings none") {
    EarlyStopping stopping(3);
    const double losses[] = {5, 4, 4, 4.5, 3.9, 4, 3.9, 6};
    const bool over[] = {false, false, false, false, false, false, false, true};
    for (int i = 0; i < 8; ++i) {
      CHECK(!stopping.over());
      stopping.add(losses[i]);
      CHECK(stopping.over() == over[i]);
    }
  }

  TEST_CASE("early_stopping: patience 0 never stops, and a loss that is no number is no best") {
    EarlyStopping never(0);
    for (int i = 0; i < 100; ++i) never.add(i);
    CHECK(!never.over());
    EarlyStopping stopping(2);
    stopping.add(1);
    stopping.add(std::numeric_limits<double>::quiet_NaN());
    stopping.add(std::numeric_limits<double>::infinity());
    CHECK(stopping.over());
  }
}
