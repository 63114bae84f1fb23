#include "microgpt/nn/fast/matmul.hpp"

#include <algorithm>

#include "microgpt/nn/fast/vec.hpp"

namespace microgpt::fast {

namespace {

/// R rows by N vectors of c, held in registers while k runs: per step N loads of b, R broadcasts of a, R · N
/// fused multiply-adds. Of the last vector
/// `part` lanes are kept; the others compute with whatever lies there.
template <int R, int N, bool Part>
void tile(Index K, Strided a, const float* b, Index b_step, float* c, Index c_step, bool add, Index part) {
  Vec sums[std::size_t{R}][std::size_t{N}];
  for (int r = 0; r < R; ++r) {
    for (int n = 0; n < N; ++n) sums[r][n] = add ? load(c + r * c_step + n * kWidth) : Vec{};
  }
  for (Index k = 0; k < K; ++k) {
    Vec row[std::size_t{N}];
    for (int n = 0; n < N; ++n) row[n] = load(b + k * b_step + n * kWidth);
    for (int r = 0; r < R; ++r) {
      const float factor = a.data[r * a.row_step + k * a.col_step];
      for (int n = 0; n < N; ++n) sums[r][n] += factor * row[n];
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int n = 0; n < N; ++n) {
      if (Part && n == N - 1) {
        store_part(c + r * c_step + n * kWidth, sums[r][n], part);
      } else {
        store(c + r * c_step + n * kWidth, sums[r][n]);
      }
    }
  }
}

/// All rows of a column of tiles: R at a time, then half as many, …
template <int R, int N, bool Part = false>
void column(Index M, Index K, Strided a, const float* b, Index b_step, float* c, Index c_step, bool add,
            Index part = 0) {
  Index m = 0;
  for (; m + R <= M; m += R) {
    tile<R, N, Part>(K, {a.data + m * a.row_step, a.row_step, a.col_step}, b, b_step, c + m * c_step, c_step,
                     add, part);
  }
  if constexpr (R > 1) {
    if (m < M) {
      column<R / 2, N, Part>(M - m, K, {a.data + m * a.row_step, a.row_step, a.col_step}, b, b_step,
                             c + m * c_step, c_step, add, part);
    }
  }
}

// Tiles fill the registers: R · N sums, N vectors of b, and a spare.
constexpr bool kMany = kRegisters == 32;
constexpr int kRows4 = kMany ? 6 : 2;
constexpr int kRows2 = kMany ? 12 : 6;
constexpr int kRows1 = kMany ? 16 : 8;

/// So many rows of b at a time, that a column of tiles finds them in the first cache.
constexpr Index kDepth = 256;

}  // namespace

void matmul(Index M, Index N, Index K, Strided a, const float* b, Index b_step, float* c, Index c_step,
            bool add) {
  for (Index k = 0; k < K || k == 0; k += kDepth) {
    const Index depth = std::min(kDepth, K - k);
    const Strided part_a = {a.data + k * a.col_step, a.row_step, a.col_step};
    const float* part_b = b + k * b_step;
    const bool more = add || k > 0;
    Index n = 0;
    if constexpr (kMany) {
      for (; n + 4 * kWidth <= N; n += 4 * kWidth) {
        column<kRows4, 4>(M, depth, part_a, part_b + n, b_step, c + n, c_step, more);
      }
    }
    for (; n + 2 * kWidth <= N; n += 2 * kWidth) {
      column<kRows2, 2>(M, depth, part_a, part_b + n, b_step, c + n, c_step, more);
    }
    for (; n + kWidth <= N; n += kWidth) {
      column<kRows1, 1>(M, depth, part_a, part_b + n, b_step, c + n, c_step, more);
    }
    if (n < N) column<kRows1, 1, true>(M, depth, part_a, part_b + n, b_step, c + n, c_step, more, N - n);
  }
}

namespace {

/// Transposes kWidth vectors in registers: at distance d, vector i with bit d clear and vector i + d exchange
/// the halves of their groups of 2d lanes.
template <int Distance, std::size_t... I>
void exchange_pairs(Vec (&v)[kWidth], std::index_sequence<I...> /*lanes*/) {
  if constexpr (Distance < kWidth) {
    for (int i = 0; i < kWidth; ++i) {
      if ((i & Distance) != 0) continue;
      const Vec low = v[i];
      const Vec high = v[i + Distance];
      v[i] = __builtin_shufflevector(
          low, high,
          ((static_cast<int>(I) & Distance) == 0 ? static_cast<int>(I)
                                                 : kWidth + static_cast<int>(I) - Distance)...);
      v[i + Distance] =
          __builtin_shufflevector(low, high,
                                  ((static_cast<int>(I) & Distance) == 0 ? static_cast<int>(I) + Distance
                                                                         : kWidth + static_cast<int>(I))...);
    }
    exchange_pairs<2 * Distance>(v, std::index_sequence<I...>());
  }
}

}  // namespace

void transpose(Index rows, Index cols, const float* from, Index from_step, float* to, Index to_step) {
  const Index whole_rows = rows / kWidth * kWidth;
  const Index whole_cols = cols / kWidth * kWidth;
  for (Index r = 0; r < whole_rows; r += kWidth) {
    for (Index c = 0; c < whole_cols; c += kWidth) {
      Vec block[kWidth];
      for (int i = 0; i < kWidth; ++i) block[i] = load(from + (r + i) * from_step + c);
      exchange_pairs<1>(block, std::make_index_sequence<kWidth>());
      for (int i = 0; i < kWidth; ++i) store(to + (c + i) * to_step + r, block[i]);
    }
  }
  for (Index r = 0; r < rows; ++r) {
    for (Index c = r < whole_rows ? whole_cols : 0; c < cols; ++c)
      to[c * to_step + r] = from[r * from_step + c];
  }
}

float* scratch(std::size_t size) {
  thread_local Arena<float> memory;
  if (memory.size() < size) memory.resize(size);
  return memory.data();
}

}  // namespace microgpt::fast
