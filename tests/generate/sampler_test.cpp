#include "microgpt/generate/sampler.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support/errors.hpp"
#include "support/numbers.hpp"

TEST_SUITE("generate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  constexpr double kNone = -std::numeric_limits<double>::infinity();

  /// softmax(logits / temperature) in long double, by definition but for the maximum taken off.
  std::vector<long double> slow_softmax(const Numbers& logits, double temperature, int masked) {
    long double largest = -std::numeric_limits<long double>::infinity();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (static_cast<int>(i) != masked) largest = std::max(largest, static_cast<long double>(logits[i]));
    }
    std::vector<long double> p;
    long double total = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const bool out = static_cast<int>(i) == masked;
      p.push_back(out ? 0
                      : std::exp((static_cast<long double>(logits[i]) - largest)
                                 / static_cast<long double>(temperature)));
      total += p.back();
    }
    for (auto& x : p) x /= total;
    return p;
  }

  /// True if token b comes before token a in the order of the header: larger logit, or equal and lower id.
  bool before(const Numbers& logits, std::size_t b, std::size_t a) {
    return logits[b] > logits[a] || (logits[b] == logits[a] && b < a);
  }

  /// The header's text, token by token: a token stays if it passes each filter.
  Numbers slow_weights(const Numbers& logits, const SamplerOptions& options, int masked) {
    const auto p = slow_softmax(logits, options.temperature, masked);
    const auto top_p = static_cast<long double>(options.top_p);
    const auto min_p = static_cast<long double>(options.min_p);
    long double largest = 0;
    for (const auto x : p) largest = std::max(largest, x);
    Numbers kept;
    for (std::size_t a = 0; a < logits.size(); ++a) {
      int rank = 0;             // how many are more probable
      long double nucleus = 0;  // what they hold together
      for (std::size_t b = 0; b < logits.size(); ++b) {
        if (static_cast<int>(b) == masked || !before(logits, b, a)) continue;
        ++rank;
        nucleus += p[b];
      }
      const bool stays = static_cast<int>(a) != masked && (options.top_k == 0 || rank < options.top_k)
                         && (options.top_p == 1 || rank == 0 || nucleus < top_p) && p[a] >= min_p * largest;
      kept.push_back(stays ? static_cast<double>(p[a]) : 0);
    }
    return kept;
  }

  template <class T>
  void check_weights(const Numbers& logits, const SamplerOptions& options, int masked, double tolerance) {
    Sampler<T> sampler(static_cast<int>(logits.size()));
    const auto narrow = as<T>(logits);
    const auto got = sampler.weights(narrow, options, masked);
    const Numbers expected = slow_weights(logits, options, masked);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      // What is dropped is exactly 0; what is kept may have underflowed to it.
      if (expected[i] == 0) CHECK(got[i] == 0);
      CHECK(std::abs(got[i] - expected[i]) <= tolerance * std::max(expected[i], 1e-30));
    }
  }

  /// Whether the draws fit the weights: χ² over `draws` against its 99.9 % point.
  void check_draws(const Numbers& logits, const SamplerOptions& options, int masked, std::uint64_t seed) {
    constexpr int kDraws = 100'000;
    const Numbers weights = slow_weights(logits, options, masked);
    double total = 0;
    for (const double w : weights) total += w;
    Numbers seen(logits.size());
    Sampler<double> sampler(static_cast<int>(logits.size()));
    Rng rng(seed);
    for (int i = 0; i < kDraws; ++i)
      ++seen[static_cast<std::size_t>(sampler.draw(logits, options, rng, masked))];
    double chi_square = 0;
    int cells = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (weights[i] == 0) {
        CHECK_MESSAGE(seen[i] == 0, "token ", i, " was drawn ", seen[i], " times and must never be");
        continue;
      }
      const double mean = kDraws * weights[i] / total;
      REQUIRE(mean > 5);
      chi_square += (seen[i] - mean) * (seen[i] - mean) / mean;
      ++cells;
    }
    // Wilson and Hilferty's approximation of the 99.9 % point of χ² with cells - 1 degrees of freedom.
    const double k = cells - 1;
    const double limit = k * std::pow(1 - 2 / (9 * k) + 3.09 * std::sqrt(2 / (9 * k)), 3);
    CHECK_MESSAGE(chi_square < limit, "chi-square ", chi_square, " of ", k, " degrees, limit ", limit);
  }

  /// Every pairing of knobs, off and on.
  std::vector<SamplerOptions> all_settings() {
    std::vector<SamplerOptions> list;
    for (const double temperature : {0.05, 0.5, 1.0, 3.0}) {
      for (const int top_k : {0, 1, 3, 50}) {
        for (const double top_p : {1.0, 0.0, 0.3, 0.9, 0.999}) {
          for (const double min_p : {0.0, 0.05, 0.5, 1.0}) list.push_back({temperature, top_k, top_p, min_p});
        }
      }
    }
    return list;
  }

  }  // namespace

  TEST_CASE("sampler: weights are those of the definition for every setting") {
    Noise noise(201);
    for (const SamplerOptions& options : all_settings()) {
      CAPTURE(options.temperature);
      CAPTURE(options.top_k);
      CAPTURE(options.top_p);
      CAPTURE(options.min_p);
      const Numbers logits = noise.numbers(11, 4);
      check_weights<double>(logits, options, -1, 1e-12);
      check_weights<double>(logits, options, noise.whole(0, 10), 1e-12);
      check_weights<float>(logits, {options.temperature, options.top_k, 1, 0}, noise.whole(-1, 10), 2e-4);
    }
  }

  TEST_CASE("sampler: of equal logits the first in order are kept") {
    // All equal, and groups of equals at the edge of each filter.
    const Numbers flat(8, 0.25);
    const Numbers groups = {1, 2, 1, 2, 0, 2, 1, 0};
    for (const SamplerOptions& options : all_settings()) {
      CAPTURE(options.temperature);
      CAPTURE(options.top_k);
      CAPTURE(options.top_p);
      CAPTURE(options.min_p);
      // 0.3 · 8 and the like lie within rounding of no sum of eighths.
      check_weights<double>(flat, options, -1, 1e-12);
      check_weights<double>(groups, options, -1, 1e-12);
      check_weights<double>(groups, options, 1, 1e-12);
    }
    Sampler<double> sampler(8);
    const auto kept = sampler.weights(groups, {1.0, 2, 1.0, 0.0});
    CHECK(kept[1] > 0);
    CHECK(kept[3] > 0);
    CHECK(kept[5] == 0);  // as probable as they, but third
    // Four of a quarter each: two hold exactly a half, three hold more than that.
    Sampler<double> quarters(4);
    const auto half = quarters.weights(Numbers(4, 1.0), {1.0, 0, 0.5, 0.0});
    CHECK(std::vector<double>(half.begin(), half.end()) == Numbers{0.25, 0.25, 0, 0});
    const auto more = quarters.weights(Numbers(4, 1.0), {1.0, 0, 0.5000001, 0.0});
    CHECK(std::vector<double>(more.begin(), more.end()) == Numbers{0.25, 0.25, 0.25, 0});
    const auto most = sampler.weights(groups, {1.0, 0, 1.0, 1.0});
    for (const std::size_t i : {1U, 3U, 5U}) CHECK(most[i] > 0);  // min-p keeps all that tie
  }

  TEST_CASE("sampler: probabilities that underflow") {
    // Most of these are 0 in double, and all but the first in float.
    const Numbers logits = {0, -90, -800, 3, -1e5, -1e30, 2.5, -800};
    for (const SamplerOptions& options : all_settings()) {
      CAPTURE(options.temperature);
      CAPTURE(options.top_k);
      CAPTURE(options.top_p);
      CAPTURE(options.min_p);
      check_weights<double>(logits, options, -1, 1e-12);
      check_weights<double>(logits, options, 3, 1e-12);
    }
    Sampler<float> sampler(8);
    Rng rng(3);
    const auto narrow = as<float>(logits);
    for (int i = 0; i < 2000; ++i) {
      const int token = sampler.draw(narrow, {1.0, 6, 0.9999999, 1e-300}, rng);
      CHECK((token == 0 || token == 3 || token == 6));
    }
    // A temperature that makes every other weight vanish.
    for (int i = 0; i < 20; ++i) CHECK(sampler.draw(narrow, {1e-300, 0, 1.0, 0.0}, rng) == 3);
    CHECK(sampler.draw(narrow, {1e-300, 0, 1.0, 0.0}, rng, 3) == 6);
  }

  TEST_CASE("sampler: 100,000 draws come as often as their weights say") {
    const Numbers logits = {0.1, 1.5, -0.7, 0.9, 0.9, -2, 0.3, 1.1};
    check_draws(logits, {1.0, 0, 1.0, 0.0}, -1, 1);
    check_draws(logits, {0.5, 0, 1.0, 0.0}, -1, 2);
    check_draws(logits, {2.5, 0, 1.0, 0.0}, 3, 3);
    check_draws(logits, {1.0, 4, 1.0, 0.0}, -1, 4);
    check_draws(logits, {1.0, 0, 0.8, 0.0}, -1, 5);
    check_draws(logits, {1.0, 0, 1.0, 0.4}, -1, 6);
    check_draws(logits, {1.7, 6, 0.9, 0.2}, 1, 7);
  }

  TEST_CASE("sampler: temperature 0 takes the first of the largest and draws nothing") {
    Sampler<double> sampler(4);
    Rng rng(1);
    const Rng::State start = rng.state();
    CHECK(sampler.draw(Numbers{1, 3, 3, 2}, {0.0, 0, 1.0, 0.0}, rng) == 1);
    CHECK(sampler.draw(Numbers{1, 3, 3, 2}, {0.0, 2, 0.5, 0.5}, rng, 1) == 2);
    CHECK(sampler.draw(Numbers{5, 3, 3, 2}, {0.0, 0, 1.0, 0.0}, rng, 0) == 1);
    CHECK(sampler.draw(Numbers{kNone, kNone, kNone, -1e300}, {0.0, 0, 1.0, 0.0}, rng) == 3);
    CHECK(rng.state() == start);
  }

  TEST_CASE("sampler: filters that are off leave the draws of random.choices as they are") {
    Noise noise(202);
    Sampler<double> sampler(20);
    Rng got(5);
    Rng expected(5);
    for (int i = 0; i < 300; ++i) {
      const Numbers logits = noise.numbers(20, 3);
      Numbers p;
      double total = 0;
      const double largest = *std::max_element(logits.begin(), logits.end());
      for (const double logit : logits) p.push_back(std::exp((logit - largest) / 0.5));
      for (const double x : p) total += x;
      for (double& x : p) x /= total;
      CHECK(sampler.draw(logits, {0.5, 0, 1.0, 0.0}, got) == static_cast<int>(expected.choose(p)));
    }
    CHECK(got.state() == expected.state());
  }

  TEST_CASE("sampler: a logit that is not a number is an error") {
    Sampler<float> sampler(3);
    Rng rng(1);
    const std::vector<float> logits = {0, std::numeric_limits<float>::quiet_NaN(), 1};
    for (const double temperature : {0.0, 1.0}) {
      CHECK(failure_of([&] { sampler.draw(logits, {temperature, 0, 1.0, 0.0}, rng); }).fault == 6);
    }
  }
}
