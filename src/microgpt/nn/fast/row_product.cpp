#include "microgpt/nn/fast/row_product.hpp"

#include <algorithm>

#include "microgpt/nn/fast/vec.hpp"

namespace microgpt::fast {

namespace {

/// N vectors of y, held in registers while k runs. A sum is built in `Chains` parts, since one addition has
/// to wait for the one before it. Of the last vector `part` lanes are kept.
template <int N, int Chains>
void columns(Index K, const float* x, const float* b, Index b_step, float* y, Index part) {
  Vec sums[std::size_t{Chains}][std::size_t{N}] = {};
  Index k = 0;
  for (; k + Chains <= K; k += Chains) {
    for (int c = 0; c < Chains; ++c) {
      const float* row = b + (k + c) * b_step;
      for (int n = 0; n < N; ++n) sums[c][n] += x[k + c] * load(row + n * kWidth);
    }
  }
  for (; k < K; ++k) {
    for (int n = 0; n < N; ++n) sums[0][n] += x[k] * load(b + k * b_step + n * kWidth);
  }
  for (int n = 0; n < N; ++n) {
    for (int c = 1; c < Chains; ++c) sums[0][n] += sums[c][n];
    float* to = y + n * kWidth;
    n == N - 1 && part < kWidth ? store_part(to, sums[0][n], part) : store(to, sums[0][n]);
  }
}

}  // namespace

void row_product(Index N, Index K, const float* x, const float* b, Index b_step, float* y) {
  Index n = 0;
  for (; n + 4 * kWidth <= N; n += 4 * kWidth) columns<4, 2>(K, x, b + n, b_step, y + n, kWidth);
  for (; n + kWidth < N; n += 2 * kWidth) {
    columns<2, 4>(K, x, b + n, b_step, y + n, std::min<Index>(kWidth, N - n - kWidth));
  }
  if (n < N) columns<1, 4>(K, x, b + n, b_step, y + n, N - n);
}

}  // namespace microgpt::fast
