// A row of numbers times a matrix: what decoding one token at a time is made of.
#pragma once

#include "microgpt/nn/fast/form/vec.hpp"

namespace microgpt::fast {

namespace {

/// A sum is built in this many parts, since one addition has to wait for the one before it: part c of every fourth k,
/// from c on; what is left over at the end goes to part 0.
constexpr int kChains = 4;

/// N vectors of y, held in registers while k runs. Of the last vector `part` lanes are kept.
template <int N>
void columns(Size K, const float* x, const float* b, Size b_step, float* y, Size part) {
  Vec sums[kChains][std::size_t{N}] = {};
  Size k = 0;
  for (; k + kChains <= K; k += kChains) {
    for (int c = 0; c < kChains; ++c) {
      const float* row = b + (k + c) * b_step;
      const Vec factor = every(x[k + c]);
      for (int n = 0; n < N; ++n) sums[c][n] = multiply_add(factor, load(row + n * kWidth), sums[c][n]);
    }
  }
  for (; k < K; ++k) {
    const Vec factor = every(x[k]);
    for (int n = 0; n < N; ++n) {
      sums[0][n] = multiply_add(factor, load(b + k * b_step + n * kWidth), sums[0][n]);
    }
  }
  for (int n = 0; n < N; ++n) {
    const Vec sum = (sums[0][n] + sums[1][n]) + (sums[2][n] + sums[3][n]);
    float* to = y + n * kWidth;
    n == N - 1 && part < kWidth ? store_part(to, sum, part) : store(to, sum);
  }
}

inline void row_product(Size N, Size K, const float* x, const float* b, Size b_step, float* y) {
  Size n = 0;
  if constexpr (kRegisters == 32) {
    for (; n + 4 * kWidth <= N; n += 4 * kWidth) columns<4>(K, x, b + n, b_step, y + n, kWidth);
  }
  for (; n + kWidth < N; n += 2 * kWidth) {
    const Size part = N - n - kWidth;
    columns<2>(K, x, b + n, b_step, y + n, part < kWidth ? part : kWidth);
  }
  if (n < N) columns<1>(K, x, b + n, b_step, y + n, N - n);
}

}  // namespace

}  // namespace microgpt::fast
