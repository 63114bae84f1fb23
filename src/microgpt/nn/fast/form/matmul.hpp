// The one matrix product.
#pragma once

#include "microgpt/nn/fast/form/vec.hpp"

namespace microgpt::fast {

namespace {

/// `tiles` tiles below each other, of R rows by N vectors of c, held in registers while k runs: per step N loads of b, R
/// broadcasts of a, R N fused multiply-adds. Of the last vector `part` lanes are kept; the others compute with whatever
/// lies there. Where rows of a are adjacent numbers (a.row_step is 1) their addresses need no registers.
template <class T, int R, int N, bool Adjacent>
void tile_column(int tiles, Size K, Strided<T> a, const T* b, Size b_step, T* c, Size c_step, bool add,
                 Size part) {
  constexpr int W = kWidthOf<T>;
  using V = VecOf<T>;
  const Size row_step = Adjacent ? 1 : a.row_step;
  const Size col_step = Adjacent ? a.col_step : 1;
  for (int tile = 0; tile < tiles; ++tile) {
    V sums[std::size_t{R}][std::size_t{N}];
    for (int r = 0; r < R; ++r) {
      for (int n = 0; n < N; ++n) sums[r][n] = add ? load<T>(c + r * c_step + n * W) : V{};
    }
    for (Size k = 0; k < K; ++k) {
      V row[std::size_t{N}];
      for (int n = 0; n < N; ++n) row[n] = load<T>(b + k * b_step + n * W);
      for (int r = 0; r < R; ++r) {
        const V factor = every(a.data[r * row_step + k * col_step]);
        for (int n = 0; n < N; ++n) sums[r][n] = multiply_add(factor, row[n], sums[r][n]);
      }
    }
    for (int r = 0; r < R; ++r) {
      for (int n = 0; n < N - 1; ++n) store(c + r * c_step + n * W, sums[r][n]);
      T* last = c + r * c_step + (N - 1) * W;
      if (part == W) {
        store(last, sums[r][N - 1]);
      } else {
        store_part(last, sums[r][N - 1], part);
      }
    }
    a.data += R * row_step;
    c += R * c_step;
  }
}

/// Widest panel of columns, in vectors; and the tallest tile of N vectors: its sums, N vectors of b and a spare fill the
/// vector registers, and its addresses the others.
constexpr int kPanel = kRegisters == 32 ? 4 : 2;
template <int N, bool Adjacent>
constexpr int kTallest = kRegisters == 32 ? (N == 1 && Adjacent   ? 16
                                             : N == 2 && Adjacent ? 12
                                             : N == 4             ? 6
                                                                  : 8)
                                          : (N == 1 ? 8 : 6);

/// So many rows of b at a time, that a panel stays in the first cache.
constexpr Size kDepth = 128;

template <class T>
using TileColumn = void (*)(int, Size, Strided<T>, const T*, Size, T*, Size, bool, Size);

template <class T, int N, bool Adjacent, class Heights>
struct TileColumns;
template <class T, int N, bool Adjacent, int... R>
struct TileColumns<T, N, Adjacent, Lanes<R...>> {
  static constexpr TileColumn<T> of_height[] = {tile_column<T, R + 1, N, Adjacent>...};
};

/// All rows of a panel of N vectors, in tiles of nearly equal height.
template <class T, int N, bool Adjacent>
void panel(Size M, Size K, Strided<T> a, const T* b, Size b_step, T* c, Size c_step, bool add, Size part) {
  constexpr int tallest = kTallest<N, Adjacent>;
  using Columns = TileColumns<T, N, Adjacent, FirstLanes<tallest>>;
  if (M == 0) return;
  const int tiles = (static_cast<int>(M) + tallest - 1) / tallest;
  const int height = static_cast<int>(M) / tiles;
  const int taller = static_cast<int>(M) - tiles * height;
  if (taller > 0) {
    Columns::of_height[height](taller, K, a, b, b_step, c, c_step, add, part);
    a.data += taller * (height + 1) * a.row_step;
    c += taller * (height + 1) * c_step;
  }
  if (tiles > taller) Columns::of_height[height - 1](tiles - taller, K, a, b, b_step, c, c_step, add, part);
}

/// Transposes a square of numbers in registers: at distance d, vector i with bit d clear and vector i + d exchange the
/// halves of their groups of 2d lanes.
template <class T, int Distance, int... I>
[[gnu::always_inline]] inline void exchange_pairs(VecOf<T> (&v)[kWidthOf<T>], Lanes<I...> lanes) {
  constexpr int W = kWidthOf<T>;
  if constexpr (Distance < W) {
    for (int i = 0; i < W; ++i) {
      if ((i & Distance) != 0) continue;
      const VecOf<T> low = v[i];
      const VecOf<T> high = v[i + Distance];
      v[i] = __builtin_shufflevector(low, high, ((I & Distance) == 0 ? I : W + I - Distance)...);
      v[i + Distance] = __builtin_shufflevector(low, high, ((I & Distance) == 0 ? I + Distance : W + I)...);
    }
    exchange_pairs<T, 2 * Distance>(v, lanes);
  }
}

/// to (cols, rows) = fromᵀ, of from (rows, cols). Rows of `to` are whole vectors, written to their ends.
template <class T>
void transpose(Size rows, Size cols, const T* from, Size from_step, T* to, Size to_step) {
  constexpr int W = kWidthOf<T>;
  for (Size r = 0; r < rows; r += W) {
    for (Size c = 0; c < cols; c += W) {
      const T* corner = from + r * from_step + c;
      T* transposed = to + c * to_step + r;
      VecOf<T> block[std::size_t{W}];
      if (r + W <= rows && c + W <= cols) {
        for (int i = 0; i < W; ++i) block[i] = load<T>(corner + i * from_step);
        exchange_pairs<T, 1>(block, FirstLanes<W>());
        for (int i = 0; i < W; ++i) store(transposed + i * to_step, block[i]);
      } else {
        for (int i = 0; i < W; ++i) block[i] = r + i < rows ? load<T>(corner + i * from_step) : VecOf<T>{};
        exchange_pairs<T, 1>(block, FirstLanes<W>());
        for (int i = 0; i < W && c + i < cols; ++i) store(transposed + i * to_step, block[i]);
      }
    }
  }
}

/// Below so many rows of c, a panel is not read often enough to pay for its copy.
constexpr Size kRowsWorthACopy = 16;

template <class T>
void matmul(Size M, Size N, Size K, Strided<T> a, Strided<T> b, T* c, Size c_step, bool add) {
  constexpr int W = kWidthOf<T>;
  const Size blocks = K > kDepth ? (K + kDepth - 1) / kDepth : 1;
  const bool copies = b.col_step != 1 || (b.row_step > kPanel * W && M >= kRowsWorthACopy);
  T* copy = copies ? static_cast<T*>(scratch(sizeof(T) * kDepth * kPanel * W)) : nullptr;
  for (Size block = 0, k = 0; block < blocks; ++block) {
    const Size depth = (K - k) / (blocks - block);
    const Strided<T> some_a = {a.data + k * a.col_step, a.row_step, a.col_step};
    for (Size n = 0; n < N; n += kPanel * W) {
      const Size columns = N - n < kPanel * W ? N - n : kPanel * W;
      const Size vectors = (columns + W - 1) / W;
      const T* from = b.data + k * b.row_step + n * b.col_step;
      Size from_step = b.row_step;
      if (copies) {
        from_step = vectors * W;
        if (b.col_step == 1) {
          for (Size i = 0; i < depth; ++i) {
            for (Size v = 0; v < vectors; ++v) {
              store(copy + i * from_step + v * W, load<T>(from + i * b.row_step + v * W));
            }
          }
        } else {
          transpose<T>(columns, depth, from, b.col_step, copy, from_step);
        }
        from = copy;
      }
      const Size part = columns - (vectors - 1) * W;
      const bool more = add || k > 0;
      const auto run = [&](auto v) {
        if (a.col_step == 1) {
          panel<T, v.value, false>(M, depth, some_a, from, from_step, c + n, c_step, more, part);
        } else {
          panel<T, v.value, true>(M, depth, some_a, from, from_step, c + n, c_step, more, part);
        }
      };
      switch (vectors) {
        case 1:
          run(Constant<1>());
          break;
        case 2:
          run(Constant<2>());
          break;
        case 3:
          if constexpr (kPanel == 4) run(Constant<3>());
          break;
        default:
          if constexpr (kPanel == 4) run(Constant<4>());
          break;
      }
    }
    k += depth;
  }
}

}  // namespace

}  // namespace microgpt::fast
