#include "microgpt/nn/exp.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

TEST_SUITE("nn") {
  using microgpt::exponential;

  TEST_CASE("exp: float is within 2e-7 of the library's double") {
    double worst = 0;
    float at = 0;
    for (float x = -87.0F; x < 88.7F; x += 1.0F / 16384.0F) {
      const double exact = std::exp(static_cast<double>(x));
      const double error = std::abs(static_cast<double>(exponential(x)) / exact - 1);
      if (!(error <= worst)) {
        worst = error;
        at = x;
      }
    }
    CHECK_MESSAGE(worst < 2e-7, "relative error ", worst, " at ", at);
  }

  TEST_CASE("exp: float near 0 where softmax needs it most") {
    CHECK(exponential(0.0F) == 1.0F);
    CHECK(exponential(-0.0F) == 1.0F);
    for (float x = 1.0F; x > 1e-30F; x /= 2) {
      for (const float y : {x, -x}) {
        const double exact = std::exp(static_cast<double>(y));
        CHECK_MESSAGE(std::abs(static_cast<double>(exponential(y)) - exact) < 2e-7 * exact, "at ", y);
      }
    }
  }

  TEST_CASE("exp: float results too small for full precision are right to one unit") {
    const double unit = static_cast<double>(std::numeric_limits<float>::denorm_min());
    for (float x = -104.5F; x < -87.0F; x += 1.0F / 512.0F) {
      const double exact = std::exp(static_cast<double>(x));
      const double got = static_cast<double>(exponential(x));
      CHECK_MESSAGE(std::abs(got - exact) <= unit + 2e-7 * exact, "at ", x, ": got ", got, ", expected ",
                    exact);
    }
  }

  TEST_CASE("exp: float outside its range and where there is no number") {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (const float x : {-105.0F, -1e4F, -3e38F, -kInfinity}) {
      CHECK_MESSAGE(exponential(x) == 0.0F, "at ", x);
    }
    for (const float x : {89.0F, 1e4F, 3e38F, kInfinity}) {
      CHECK_MESSAGE(exponential(x) == kInfinity, "at ", x);
    }
    CHECK(std::isnan(exponential(std::numeric_limits<float>::quiet_NaN())));
    CHECK(std::isfinite(exponential(88.72F)));
  }

  TEST_CASE("exp: double is the library's own") {
    for (const double x : {-745.0, -1.0, 0.0, 1e-9, 0.5, 709.0}) {
      CHECK(exponential(x) == std::exp(x));
    }
    CHECK(exponential(-std::numeric_limits<double>::infinity()) == 0.0);
  }
}
