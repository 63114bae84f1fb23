// Figures of CPython 3.11's random module.
#include "microgpt/base/rng.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "microgpt/base/error.hpp"

TEST_SUITE("base") {
  using microgpt::Rng;

  TEST_CASE("rng: random() is CPython's for seed 42") {
    Rng rng(42);
    CHECK(rng.random() == 0.6394267984578837);
    CHECK(rng.random() == 0.025010755222666936);
    CHECK(rng.random() == 0.27502931836911926);
  }

  TEST_CASE("rng: seeds of every width") {
    struct Figure {
      std::uint64_t seed;
      double first, second, thousandth;
    };
    const Figure figures[] = {
        {0, 0.8444218515250481, 0.7579544029403025, 0.4804125346981437},
        {1, 0.13436424411240122, 0.8474337369372327, 0.7062615472551386},
        {42, 0.6394267984578837, 0.025010755222666936, 0.8554501933059546},
        {0xffffffffU, 0.6353574441341173, 0.20319993954407756, 0.3214643568909129},
        {std::uint64_t{1} << 32, 0.11299430095636409, 0.41782886486292836, 0.04156870367167198},
        {123456789012U, 0.37701448538609916, 0.02069602357922562, 0.7500707321707704},
        {~std::uint64_t{0}, 0.021825695401270107, 0.3380953268613758, 0.9009945166016444},
    };
    for (const Figure& figure : figures) {
      CAPTURE(figure.seed);
      Rng rng(figure.seed);
      CHECK(rng.random() == figure.first);
      CHECK(rng.random() == figure.second);
      for (int i = 2; i < 999; ++i) rng.random();
      CHECK(rng.random() == figure.thousandth);
    }
  }

  TEST_CASE("rng: gauss comes in pairs and scales the second as its own call says") {
    Rng rng(42);
    const auto is = [](double got, double expected) {
      // log, sin and cos are the C library's: each has a last bit of its own.
      CHECK_MESSAGE(std::abs(got - expected) < 1e-15 * std::abs(expected), "got ", got, ", expected ",
                    expected);
    };
    is(rng.gauss(0, 1), -0.14409032957792836);
    is(rng.gauss(0, 1), -0.1729036003315193);
    is(rng.gauss(0, 1), -0.11131586156766246);
    is(rng.gauss(0, 1), 0.7019837250988631);
    is(rng.gauss(0, 1), -0.12758828378288709);
    is(rng.gauss(3, 0.5), 2.2513232928295213);
    is(rng.gauss(-1, 2), -0.33536331186456947);
  }

  TEST_CASE("rng: below is randrange") {
    Rng rng(42);
    const std::pair<std::uint32_t, std::uint32_t> figures[] = {{1U, 0U},
                                                               {2U, 0U},
                                                               {3U, 2U},
                                                               {10U, 4U},
                                                               {27U, 7U},
                                                               {100U, 28U},
                                                               {1000U, 142U},
                                                               {65536U, 13434U},
                                                               {2147483648U, 373399426U},
                                                               {4294967295U, 2536146025U},
                                                               {2147483649U, 1812140441U}};
    for (const auto& figure : figures) {
      CHECK_MESSAGE(rng.below(figure.first) == figure.second, "below ", figure.first);
    }
    CHECK(rng.random() == 0.03178267948178359);
  }

  TEST_CASE("rng: shuffle") {
    Rng rng(42);
    std::vector<int> ten(10);
    std::iota(ten.begin(), ten.end(), 0);
    rng.shuffle(std::span(ten));
    CHECK(ten == std::vector<int>{7, 3, 2, 8, 5, 6, 9, 4, 0, 1});
    CHECK(rng.random() == 0.5904925124490397);

    Rng other(7);
    std::vector<int> thousand(1000);
    std::iota(thousand.begin(), thousand.end(), 0);
    other.shuffle(std::span(thousand));
    CHECK(std::vector<int>(thousand.begin(), thousand.begin() + 5)
          == std::vector<int>{878, 857, 349, 313, 382});
    long sum = 0;
    for (std::size_t i = 0; i < 1000; ++i) sum += static_cast<long>(i + 1) * thousand[i];
    CHECK(sum == 245896130);

    Rng third(42);
    std::vector<int> many(70'000);  // of two widths, 17 bits and 16
    std::iota(many.begin(), many.end(), 0);
    third.shuffle(std::span(many));
    CHECK(many[0] == 21209);
    CHECK(many[1] == 63787);
    CHECK(many[35'000] == 41096);
    CHECK(many[69'999] == 14592);
    sum = 0;
    for (std::size_t i = 0; i < many.size(); ++i) sum += static_cast<long>(i) * many[i];
    CHECK(sum == 85709446446878);
    CHECK(third.random() == 0.6105848629497466);
  }

  TEST_CASE("rng: shuffling nothing or one thing draws nothing") {
    Rng rng(7);
    std::vector<int> one = {1};
    rng.shuffle(std::span(one));
    rng.shuffle(std::span<int>());
    CHECK(rng.random() == 0.32383276483316237);
  }

  TEST_CASE("rng: choose is choices with weights") {
    Rng rng(42);
    const double weights[] = {0.1, 0.0, 2.5, 0.4, 1.0};
    const std::size_t expected[] = {2, 2, 2, 2, 3, 3, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 0,
                                    4, 3, 2, 2, 4, 2, 2, 2, 4, 2, 4, 3, 2, 4, 2, 2, 4, 2, 4, 2};
    for (const std::size_t index : expected) CHECK(rng.choose(weights) == index);
    CHECK(rng.random() == 0.7045718362149235);

    Rng other(3);
    std::vector<double> harmonic;
    for (int i = 1; i <= 27; ++i) harmonic.push_back(1.0 / i);
    for (const std::size_t index : {0U, 4U, 1U, 5U, 5U, 0U, 0U, 14U, 1U, 0U, 26U, 2U, 14U}) {
      CHECK(other.choose(harmonic) == index);
    }
  }

  TEST_CASE("rng: choose goes on where a cumulative sum is just the number drawn") {
    const double drawn = Rng(42).random();
    const double weights[] = {drawn, 0, 1 - drawn};  // whose sum is exactly 1
    CHECK(Rng(42).choose(weights) == 2);
  }

  TEST_CASE("rng: choose never takes what has no weight") {
    Rng rng(1);
    for (int i = 0; i < 2000; ++i) {
      const double middle[] = {0, 0, 1e-300, 0};
      REQUIRE(rng.choose(middle) == 2);
      const double one[] = {5};
      REQUIRE(rng.choose(one) == 0);
    }
  }

  TEST_CASE("rng: weights that no index can be drawn with are errors") {
    Rng rng(1);
    const Rng::State before = rng.state();
    const double zero[] = {0, 0};
    const double nan[] = {1, std::numeric_limits<double>::quiet_NaN()};
    const double infinite[] = {1, std::numeric_limits<double>::infinity()};
    for (const auto& weights : {std::span<const double>(zero), std::span<const double>(nan),
                                std::span<const double>(infinite), std::span<const double>()}) {
      CHECK_THROWS_AS(rng.choose(weights), microgpt::Error);
    }
    CHECK(rng.state() == before);
  }

  TEST_CASE("rng: a state put back gives the same numbers again") {
    Rng rng(42);
    for (int draws : {0, 1, 311, 312, 624}) {
      for (int i = 0; i < draws; ++i) rng.random();
      rng.gauss(0, 1);  // its pair waits
      const Rng::State saved = rng.state();
      CHECK(saved.waiting_gauss.has_value());
      const double g = rng.gauss(0, 1);
      const std::uint32_t n = rng.below(1000);
      std::vector<double> numbers(700);
      for (double& x : numbers) x = rng.random();

      Rng other(7);
      other.set_state(saved);
      CHECK(other.gauss(0, 1) == g);
      CHECK(other.below(1000) == n);
      bool same = true;
      for (const double x : numbers) same = same && other.random() == x;
      CHECK_MESSAGE(same, "after ", draws, " draws");
      CHECK(other.state() == rng.state());
    }
  }

  TEST_CASE("rng: the state holds CPython's own words") {
    // random.seed(42); random.gauss(0, 1); random.getstate()
    Rng rng(42);
    rng.gauss(0, 1);
    CHECK(rng.state().index == 4);
    CHECK(std::abs(*rng.state().waiting_gauss + 0.1729036003315193) < 1e-15);
    CHECK(rng.state().words[0] == 2468570525U);
    CHECK(rng.state().words[1] == 44967195U);
    CHECK(rng.state().words[2] == 2667364560U);
  }
}
