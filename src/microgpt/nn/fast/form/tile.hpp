// The innermost part of a matrix product: a tile of it, held in registers.
#pragma once

#include "microgpt/nn/fast/form/vec.hpp"

namespace microgpt::fast {

namespace {

/// How the rows of a that belong to a tile lie in memory: apart; as adjacent numbers, of a transpose; or packed.
struct Apart {
  static constexpr bool adjacent = false, packed = false;
};
struct Adjacent {
  static constexpr bool adjacent = true, packed = false;
};
struct Packed {
  static constexpr bool adjacent = true, packed = true;
};

/// `size` rounded up to a multiple of `unit`.
constexpr Size round_up(Size size, Size unit) {
  return (size + unit - 1) / unit * unit;
}

/// Rows of a packed tile, the vectors of its width, and the numbers from one k to the next, of rows and of columns.
constexpr int kPackedVectors = kBytes == 16 ? (kRegisters == 32 ? 4 : 2) : 2;
constexpr int kPackedRows = kRegisters == 32 && kPackedVectors == 2 ? 12 : 6;
template <class T>
constexpr Size kPackedRowStep = round_up(kPackedRows, kWidthOf<T>);
template <class T>
constexpr Size kPackedColumns = Size{kPackedVectors} * kWidthOf<T>;

/// So many k take longer than fetching a tile of c from the third cache.
constexpr Size kWorthPrefetch = 64;

/// `tiles` tiles below each other, of R rows by N vectors of c, held in registers while k runs: per step N loads of b, R
/// broadcasts of a, R N fused multiply-adds. Of the last vector `part` lanes are kept; the others compute with whatever
/// lies there. Where rows of a are adjacent numbers (a.row_step is 1) their addresses need no registers; where they are
/// packed, the tiles of a lie one after the other as well.
template <class T, int R, int N, class Layout>
void tile_column(int tiles, Size K, Strided<T> a, const T* b, Size b_step, T* c, Size c_step, bool add,
                 Size part) {
  constexpr int W = kWidthOf<T>;
  using V = VecOf<T>;
  const Size row_step = Layout::adjacent ? 1 : a.row_step;
  const Size col_step = Layout::packed ? kPackedRowStep<T> : Layout::adjacent ? a.col_step : 1;
  for (int tile = 0; tile < tiles; ++tile) {
    V sums[std::size_t{R}][std::size_t{N}];
    for (int r = 0; r < R; ++r) {
      for (int n = 0; n < N; ++n) sums[r][n] = add ? load<T>(c + r * c_step + n * W) : V{};
    }
    if (add && K >= kWorthPrefetch) {  // the next tile's, which may lie far away
      for (int r = 0; r < R; ++r) {
        for (int n = 0; n < N * W; n += 64 / static_cast<int>(sizeof(T))) {
          __builtin_prefetch(c + (R + r) * c_step + n, 1);
        }
      }
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
    a.data += Layout::packed ? K * col_step : R * row_step;
    c += R * c_step;
  }
}

/// Widest panel of columns, in vectors; and the tallest tile of N vectors: its sums, N vectors of b and a spare fill the
/// vector registers, and its addresses the others.
constexpr int kPanel = kRegisters == 32 ? 4 : 2;
template <int N, class Layout>
constexpr int kTallest = Layout::packed     ? kPackedRows
                         : kRegisters == 32 ? (N == 1 && Layout::adjacent   ? 16
                                               : N == 2 && Layout::adjacent ? 12
                                               : N == 4                     ? 6
                                                                            : 8)
                                            : (N == 1 ? 8 : 6);

template <class T>
using TileColumn = void (*)(int, Size, Strided<T>, const T*, Size, T*, Size, bool, Size);

template <class T, int N, class Layout, class Heights>
struct TileColumns;
template <class T, int N, class Layout, int... R>
struct TileColumns<T, N, Layout, Lanes<R...>> {
  static constexpr TileColumn<T> of_height[] = {tile_column<T, R + 1, N, Layout>...};
};

/// All rows of a panel of N vectors: in tiles of nearly equal height or, where they are packed, of the greatest but for
/// the last one.
template <class T, int N, class Layout>
void panel(Size M, Size K, Strided<T> a, const T* b, Size b_step, T* c, Size c_step, bool add, Size part) {
  constexpr int tallest = kTallest<N, Layout>;
  using Columns = TileColumns<T, N, Layout, FirstLanes<tallest>>;
  if (M == 0) return;
  const int tiles = (static_cast<int>(M) + tallest - 1) / tallest;
  const auto run = [&](int count, int height) {
    if (count == 0) return;
    Columns::of_height[height - 1](count, K, a, b, b_step, c, c_step, add, part);
    a.data += Layout::packed ? count * K * kPackedRowStep<T> : count * height * a.row_step;
    c += count * height * c_step;
  };
  if (Layout::packed) {
    const int whole = static_cast<int>(M) / tallest;
    run(whole, tallest);
    run(tiles - whole, static_cast<int>(M) - whole * tallest);
  } else {
    const int height = static_cast<int>(M) / tiles;
    const int taller = static_cast<int>(M) - tiles * height;
    run(taller, height + 1);
    run(tiles - taller, height);
  }
}

/// panel() of so many vectors, of which the last one keeps `part` lanes.
template <class T, class Layout>
void panel_of(Size vectors, Size M, Size K, Strided<T> a, const T* b, Size b_step, T* c, Size c_step,
              bool add, Size part) {
  switch (vectors) {
    case 1:
      return panel<T, 1, Layout>(M, K, a, b, b_step, c, c_step, add, part);
    case 2:
      return panel<T, 2, Layout>(M, K, a, b, b_step, c, c_step, add, part);
    case 3:
      if constexpr (kPanel == 4) panel<T, 3, Layout>(M, K, a, b, b_step, c, c_step, add, part);
      return;
    default:
      if constexpr (kPanel == 4) panel<T, 4, Layout>(M, K, a, b, b_step, c, c_step, add, part);
  }
}

}  // namespace

}  // namespace microgpt::fast
