// How fast the processor could multiply and add at best.
#pragma once

#include "microgpt/nn/fast/form/rows.hpp"

namespace microgpt::fast {

namespace {

/// Where the sums go, so that no compiler leaves them out.
volatile float sink = 0;

/// Nothing to load or to store, and no sum that waits for another: two units with a latency of four or five steps are
/// kept busy.
inline double multiply_adds(int rounds) {
  constexpr int kSums = 12;
  // Numbers the compiler does not know, that neither grow nor vanish.
  const Vec factor = every(0.999F + 0.0F * sink);
  const Vec term = every(0.001F + 0.0F * sink);
  Vec sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = every(static_cast<float>(i));  // no two alike
#pragma GCC unroll 8  // the loop's own instructions would take turns from the sums
  for (int round = 0; round < rounds; ++round) {
    for (Vec& sum : sums) sum = multiply_add(sum, factor, term);
  }
  for (const Vec& sum : sums) sink = sum[0];
  return 2.0 * kWidth * kSums * rounds;
}

}  // namespace

}  // namespace microgpt::fast
