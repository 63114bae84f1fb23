#include "microgpt/nn/softmax.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  template <class T>
  struct Soft {
    std::vector<T> y;
    T log_sum;
  };

  template <class T>
  Soft<T> soft(const std::vector<T>& x) {
    Soft<T> result;
    result.y.assign(x.size(), T(-7));
    result.log_sum = softmax_forward<T>(result.y, x);
    return result;
  }

  Numbers slopes(const Numbers& x, const Numbers& dy) {
    const Numbers y = soft(x).y;
    Numbers dx(x.size());
    softmax_backward<double>(dx, dy, y);
    return dx;
  }

  /// What must hold for any vector. Returns what does not, or an empty string.
  template <class T>
  std::string fault_of(const std::vector<T>& x, const std::vector<T>& y, double spread) {
    // Rounding: half a unit in the last place for each of the sum's terms, and a few for exp.
    const double unit = static_cast<double>(std::numeric_limits<T>::epsilon());
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double yi = static_cast<double>(y[i]);
      if (!(yi <= 1) || !(spread < 80 ? yi > 0 : yi >= 0)) {
        return "y[" + std::to_string(i) + "] is " + std::to_string(yi);
      }
      sum += yi;
      if (i > 0 && x[i - 1] < x[i] && y[i - 1] > y[i]) return "order lost at " + std::to_string(i);
      if (i > 0 && x[i - 1] > x[i] && y[i - 1] < y[i]) return "order lost at " + std::to_string(i);
    }
    if (!(std::abs(sum - 1) <= 4 * unit + unit * static_cast<double>(y.size()) / 2)) {
      return "the sum is 1 + " + std::to_string((sum - 1) / unit) + " units";
    }
    return "";
  }

  /// Vectors of 1 ... 70 numbers between 1e-3 and 1e3, so that some results are all alike and
  /// others a single 1. Every 64th is compared with the formula.
  template <class T>
  void try_many(int vectors, std::uint64_t seed, double tolerance) {
    Noise noise(seed);
    std::vector<T> x;
    std::vector<T> y;
    for (int i = 0; i < vectors; ++i) {
      x.resize(static_cast<std::size_t>(noise.whole(1, 70)));
      y.resize(x.size());
      const double scale = std::pow(10.0, noise.whole(-3, 3));
      for (T& xi : x) xi = static_cast<T>(noise.number(scale));
      const T log_sum = softmax_forward<T>(y, x);
      const std::string fault = fault_of(x, y, 2 * scale);
      REQUIRE_MESSAGE(fault.empty(), "vector ", i, " of ", x.size(), " numbers: ", fault);
      if (i % 64 == 0 && scale <= 100) {
        const Numbers wide = as<double>(x);
        const double error = difference(y, oracle::softmax(wide));
        REQUIRE_MESSAGE(error <= tolerance, "vector ", i, ": error ", error);
        double total = 0;
        for (const double xi : wide) total += std::exp(xi);
        const double off = std::abs(static_cast<double>(log_sum) - std::log(total));
        REQUIRE_MESSAGE(off <= tolerance * std::max(1.0, std::abs(std::log(total))), "vector ", i,
                        ": log-sum-exp ", log_sum, ", expected ", std::log(total));
      }
    }
  }

  }  // namespace

  TEST_CASE("softmax: the course's example to three decimals") {
    const auto check = [](const auto& y) {
      CHECK(std::lround(1000 * static_cast<double>(y[0])) == 659);
      CHECK(std::lround(1000 * static_cast<double>(y[1])) == 242);
      CHECK(std::lround(1000 * static_cast<double>(y[2])) == 99);
    };
    check(soft<double>({2.0, 1.0, 0.1}).y);
    check(soft<float>({2.0F, 1.0F, 0.1F}).y);
  }

  TEST_CASE("softmax: a million random vectors are distributions in the order of their numbers") {
    try_many<float>(700000, 1, 1e-6);
    try_many<double>(300000, 2, 1e-14);
  }

  TEST_CASE("softmax: a common shift changes nothing") {
    Noise noise(3);
    for (int i = 0; i < 200; ++i) {
      Numbers x = noise.numbers(static_cast<std::size_t>(noise.whole(1, 40)), 4);
      const Soft<double> before = soft(x);
      const double shift = noise.whole(-900, 900);
      for (double& xi : x) xi += shift;
      const Soft<double> after = soft(x);
      CHECK_MESSAGE(difference(after.y, before.y) < 1e-12, "shift ", shift);
      CHECK(std::abs(after.log_sum - (before.log_sum + shift)) < 1e-12 * (1 + std::abs(shift)));
    }
  }

  TEST_CASE("softmax: no overflow however large the numbers are") {
    for (const double large : {1000.0, 3e38}) {
      const auto check = [&](const auto& result, const char* type) {
        INFO(type, " at ", large);
        CHECK(result.y[0] == 0);
        CHECK(result.y[1] == 0.5);
        CHECK(result.y[2] == 0.5);
        CHECK(result.y[3] == 0);
        CHECK(std::abs(static_cast<double>(result.log_sum) / large - 1) < 1e-3);
      };
      const auto f = static_cast<float>(large);
      check(soft<float>({-f, f, f, 0.0F}), "float");
      check(soft<double>({-large, large, large, 0.0}), "double");
    }
    const double most = std::numeric_limits<double>::max();
    const Soft<double> result = soft<double>({-most, most});
    CHECK(result.y == Numbers{0, 1});
    CHECK(result.log_sum == most);
    // All far below 0: without the maximum every exp would be 0 and the quotient not a number.
    CHECK(soft<double>({-1e4, -1e4}).y == Numbers{0.5, 0.5});
    CHECK(soft<float>({-3e38F}).y == std::vector<float>{1});
  }

  TEST_CASE("softmax: the value returned is log-sum-exp") {
    const double expected = std::log(std::exp(2.0) + std::exp(1.0) + std::exp(0.1));
    CHECK(soft<double>({2.0, 1.0, 0.1}).log_sum == doctest::Approx(expected).epsilon(1e-15));
    CHECK(soft<double>({-5.0}).log_sum == -5.0);
    CHECK(soft<double>({700.0, 700.0}).log_sum == doctest::Approx(700 + std::log(2.0)));
  }

  TEST_CASE("softmax: input and output may be the same memory") {
    // The same bits can be asked for where the alignment is the same: it decides in which order
    // Eigen adds.
    Noise noise(4);
    for (std::size_t n = 1; n <= 70; ++n) {
      const Numbers numbers = noise.numbers(n, 10);
      const Arena<float> x(numbers.begin(), numbers.end());
      Arena<float> apart(n);
      Arena<float> both = x;
      const float expected = softmax_forward<float>(apart, x);
      const float got = softmax_forward<float>(both, both);
      CHECK_MESSAGE(both == apart, "length ", n);
      CHECK_MESSAGE(got == expected, "length ", n);
    }
  }

  TEST_CASE("softmax: equal numbers get equal bits wherever they stand") {
    // Vector code does most of a row and scalar code its end; the two must round alike.
    Noise noise(9);
    for (std::size_t n = 2; n <= 70; ++n) {
      auto x = as<float>(noise.numbers(n, 5));
      for (std::size_t i = 0; i < n; i += 2) x[i] = x[0];
      const auto y = soft(x).y;
      for (std::size_t i = 0; i < n; i += 2) {
        CHECK_MESSAGE(y[i] == y[0], "place ", i, " of ", n, ": off by ", y[i] - y[0]);
      }
    }
  }

  TEST_CASE("softmax: gradient against central differences and the complex step") {
    Noise noise(5);
    for (int i = 0; i < 60; ++i) {
      const auto n = static_cast<std::size_t>(noise.whole(1, 70));
      Numbers x = noise.numbers(n, 3);
      const Numbers dy = noise.numbers(n);
      const Numbers got = slopes(x, dy);

      Numbers central;
      for (double& xi : x) {
        constexpr double kStep = 1e-5;
        const double at = xi;
        xi = at + kStep;
        const double above = oracle::dot(dy, soft(x).y);
        xi = at - kStep;
        const double below = oracle::dot(dy, soft(x).y);
        xi = at;
        central.push_back((above - below) / (2 * kStep));
      }
      const Numbers exact =
          oracle::gradient([&](const auto& z) { return oracle::dot(dy, oracle::softmax(z)); }, x);
      for (std::size_t j = 0; j < n; ++j) {
        CHECK_MESSAGE(std::abs(got[j] - central[j]) < 1e-9, "length ", n, " slope ", j, ": got ", got[j],
                      ", expected ", central[j]);
        CHECK_MESSAGE(std::abs(got[j] - exact[j]) < 1e-15, "length ", n, " slope ", j, ": got ", got[j],
                      ", expected ", exact[j]);
      }
    }
  }

  TEST_CASE("softmax: backward replaces what was there and float agrees with double") {
    Noise noise(6);
    for (std::size_t n = 2; n <= 40; ++n) {
      const Numbers x = noise.numbers(n, 3);
      const Numbers dy = noise.numbers(n);
      const Numbers before = noise.numbers(n);
      Numbers dx = before;
      softmax_backward<double>(dx, dy, soft(x).y);
      const Numbers expected = slopes(x, dy);
      CHECK_MESSAGE(difference(dx, expected) < 1e-12, "length ", n);

      std::vector<float> narrow(n);
      softmax_backward<float>(narrow, as<float>(dy), soft(as<float>(x)).y);
      CHECK_MESSAGE(difference(narrow, expected) < 1e-5, "length ", n);
      CHECK_MESSAGE(difference(soft(as<float>(x)).y, soft(x).y) < 1e-5, "length ", n);
    }
  }
}
