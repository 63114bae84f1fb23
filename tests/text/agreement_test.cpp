// Verdicts instead of rounding errors: the same words whatever a processor's rounding is.
#include "microgpt/text/agreement.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

TEST_SUITE("text") {
  namespace {

  using microgpt::agreement_text;

  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

  }  // namespace

  TEST_CASE("agreement: rounding of any processor gives the same verdict") {
    // A few numbers of size 1 are added: their sum may be right to the bit, or a dozen units of its last
    // place off.
    for (const double difference : {0.0, kEpsilon / 8, -kEpsilon, 3e-15}) {
      CAPTURE(difference);
      CHECK(agreement_text({.difference = difference, .rounding = kEpsilon}) == "agrees to 1e-12");
      CHECK(agreement_text({.difference = difference, .rounding = kEpsilon, .with = "the logit"})
            == "agrees with the logit to 1e-12");
    }
  }

  TEST_CASE("agreement: the bound is ten times the rounding or more, and not below the difference") {
    for (const double rounding : {1e-18, 1e-16, 3e-14, 2e-13, 1e-11, 2e-10, 5e-9, 2e-7, 3e-6, 9e-5}) {
      for (const double factor : {0.0, 0.1, 1.0, 10.0, 100.0, 999.0}) {
        const std::string text = agreement_text({.difference = rounding * factor, .rounding = rounding});
        CAPTURE(rounding);
        CAPTURE(factor);
        CAPTURE(text);
        if (rounding * factor > 1e-3) {
          CHECK(text == "agrees within rounding");
          continue;
        }
        REQUIRE(text.starts_with("agrees to 1e-"));
        const double bound = std::stod(text.substr(10));
        CHECK(bound >= 10 * rounding);
        CHECK(bound >= rounding * factor);
        CHECK(
            (bound == 1e-12 || bound < 1e4 * rounding || bound < 1000 * rounding * factor));  // the next one
      }
    }
  }

  TEST_CASE("agreement: what is no rounding keeps its digits, and where rounding is all there is no bound") {
    CHECK(agreement_text({.difference = -1.13e-8, .rounding = 1e-12}) == "differs by 1.13e-08");
    CHECK(agreement_text({.difference = 0.25, .rounding = kEpsilon, .with = "out"})
          == "differs from out by 2.50e-01");
    CHECK(agreement_text({.difference = std::nan(""), .rounding = kEpsilon}) == "differs by nan");
    CHECK(agreement_text({.difference = 0.25, .rounding = 1, .with = "out"})
          == "agrees with out within rounding");
    CHECK(agreement_text({.difference = 0, .rounding = 0}) == "agrees to 1e-12");
  }

  TEST_CASE("agreement: three digits are trusted where rounding is below a thousandth") {
    CHECK_FALSE(microgpt::Agreement{.difference = 1.13e-8, .rounding = 1e-12}.only_rounding());
    CHECK_FALSE(microgpt::Agreement{.difference = -1.13e-8, .rounding = 1e-11}.only_rounding());
    CHECK(microgpt::Agreement{.difference = 1.13e-8, .rounding = 1.2e-11}.only_rounding());
    CHECK(microgpt::Agreement{.difference = -1e-16, .rounding = kEpsilon}.only_rounding());
    CHECK_FALSE(microgpt::Agreement{.difference = std::nan(""), .rounding = kEpsilon}.only_rounding());
  }

  TEST_CASE(
      "agreement: a slope's rounding bounds that of central differences, and is no larger than it need be") {
    double worst = 0;
    for (const double h : {1e-4, 1e-5, 1e-6}) {
      for (int i = 0; i < 200; ++i) {
        const double x = 1 + i * 0.01;
        // Of a parabola the formula is exact: all that remains is rounding.
        const auto f = [](double at) { return at * at; };
        const double error = std::abs((f(x + h) - f(x - h)) / (2 * h) - 2 * x);
        worst = std::max(worst, error / microgpt::slope_rounding(f(x), h));
      }
    }
    CHECK(worst < 3);
    CHECK(worst > 0.05);
  }
}
