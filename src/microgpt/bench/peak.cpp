#include "microgpt/bench/peak.hpp"

#include <algorithm>
#include <chrono>

#include "microgpt/nn/fast/vec.hpp"

namespace microgpt {

namespace {

// Two units with a latency of four or five steps have to be kept busy.
constexpr int kSums = 12;
constexpr int kRounds = 100'000;

/// Where the sums go, so that no compiler leaves them out.
volatile float sink = 0;

}  // namespace

double fma_peak_gflops() {
  using Clock = std::chrono::steady_clock;
  // Numbers the compiler does not know, that neither grow nor vanish.
  const fast::Vec factor = fast::Vec{} + (0.999F + 0.0F * sink);
  const fast::Vec term = fast::Vec{} + (0.001F + 0.0F * sink);
  double best = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    fast::Vec sums[std::size_t{kSums}];
    for (int i = 0; i < kSums; ++i) sums[i] = fast::Vec{} + static_cast<float>(i);  // no two alike
    const auto start = Clock::now();
#pragma GCC unroll 8  // the loop's own instructions would take turns from the sums
    for (int round = 0; round < kRounds; ++round) {
      for (fast::Vec& sum : sums) sum = sum * factor + term;
    }
    const std::chrono::duration<double> seconds = Clock::now() - start;
    for (const fast::Vec& sum : sums) sink = fast::sum(sum);
    best = std::max(best, 2.0 * fast::kWidth * kSums * kRounds / seconds.count() / 1e9);
  }
  return best;
}

int vector_bits() {
  return 32 * fast::kWidth;
}

}  // namespace microgpt
