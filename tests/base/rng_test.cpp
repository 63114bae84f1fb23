#include "microgpt/base/rng.hpp"

#include <doctest/doctest.h>

#include <array>
#include <numeric>
#include <vector>

TEST_SUITE("base") {
  using microgpt::Rng;

  // Figures of CPython 3.11's random module.
  TEST_CASE("rng: random() is CPython's for seed 42") {
    Rng rng(42);
    CHECK(rng.random() == 0.6394267984578837);
    CHECK(rng.random() == 0.025010755222666936);
    CHECK(rng.random() == 0.27502931836911926);
  }
}
