// The one matrix product.
#pragma once

#include "microgpt/nn/fast/form/pack.hpp"

namespace microgpt::fast {

namespace {

/// So many rows of b at a time, that a panel stays in the first cache.
constexpr Size kDepth = 128;

/// Below so many rows of c, a panel is not read often enough to pay for its copy.
constexpr Size kRowsWorthACopy = 16;

/// Panel by panel: of factors that the second cache holds.
template <class T>
void matmul_by_panels(Size M, Size N, Size K, Strided<T> a, Strided<T> b, T* c, Size c_step, bool add) {
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
        pack_strips<T>(columns, depth, columns, vectors * W, {from, b.col_step, b.row_step}, copy);
        from = copy;
        from_step = vectors * W;
      }
      const Size part = columns - (vectors - 1) * W;
      const bool more = add || k > 0;
      if (a.col_step == 1) {
        panel_of<T, Apart>(vectors, M, depth, some_a, from, from_step, c + n, c_step, more, part);
      } else {
        panel_of<T, Adjacent>(vectors, M, depth, some_a, from, from_step, c + n, c_step, more, part);
      }
    }
    k += depth;
  }
}

/// So many k, rows and columns at a time: that a panel of b fits half of the first cache, the rows of a most of the
/// second, and the panels of b the third.
constexpr Size kBlockDepth = kBytes == 64 ? 160 : 256;
constexpr Size kBlockRows = 144;
constexpr Size kBlockColumns = 1536;

/// Below so many columns of c, rows of a that are adjacent numbers are not read often enough to pay for their copy.
constexpr Size kColumnsWorthACopy = 512;

/// Goto's way (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008): both factors are copied
/// block by block, each block small enough for the cache in which it is read again and again.
template <class T>
void matmul_by_blocks(Size M, Size N, Size K, Strided<T> a, Strided<T> b, T* c, Size c_step, bool add) {
  constexpr int W = kWidthOf<T>;
  constexpr Size kColumns = kPackedColumns<T>;
  constexpr Size kRoom = kBlockDepth * kPackedRowStep<T> * (kBlockRows / kPackedRows);
  auto* const rows_of_a = static_cast<T*>(scratch(sizeof(T) * (kRoom + kBlockDepth * kBlockColumns)));
  T* const panels_of_b = rows_of_a + kRoom;

  const bool packs = a.col_step != 1 || N >= kColumnsWorthACopy;
  const Size depths = (K + kBlockDepth - 1) / kBlockDepth;
  for (Size n0 = 0; n0 < N; n0 += kBlockColumns) {
    const Size n1 = N - n0 < kBlockColumns ? N : n0 + kBlockColumns;
    for (Size d = 0, k = 0, depth; d < depths; ++d, k += depth) {
      depth = (K - k) / (depths - d);
      const T* corner = b.data + k * b.row_step + n0 * b.col_step;
      pack_strips<T>(n1 - n0, depth, kColumns, kColumns, {corner, b.col_step, b.row_step}, panels_of_b);
      for (Size m = 0; m < M; m += kBlockRows) {
        const Size rows = M - m < kBlockRows ? M - m : kBlockRows;
        const Strided<T> some = {a.data + m * a.row_step + k * a.col_step, a.row_step, a.col_step};
        if (packs) pack_strips<T>(rows, depth, kPackedRows, kPackedRowStep<T>, some, rows_of_a);
        const T* panel = panels_of_b;
        for (Size n = n0; n < n1; n += kColumns, panel += depth * kColumns) {
          const Size columns = n1 - n < kColumns ? n1 - n : kColumns;
          const Size vectors = (columns + W - 1) / W;
          T* const tiles = c + m * c_step + n;
          const Size part = columns - (vectors - 1) * W;
          if (packs) {
            panel_of<T, Packed>(vectors, rows, depth, {rows_of_a, 1, 0}, panel, kColumns, tiles, c_step,
                                add || k > 0, part);
          } else {
            panel_of<T, Apart>(vectors, rows, depth, some, panel, kColumns, tiles, c_step, add || k > 0,
                               part);
          }
        }
      }
    }
  }
}

/// From so many numbers of a on, and so many columns of c, copies of a pay too.
constexpr Size kWorthBlocks = 96 * 1024;

template <class T>
void matmul(Size M, Size N, Size K, Strided<T> a, Strided<T> b, T* c, Size c_step, bool add) {
  if (M * K >= kWorthBlocks && N >= 4 * kPackedColumns<T>) {
    return matmul_by_blocks<T>(M, N, K, a, b, c, c_step, add);
  }
  matmul_by_panels<T>(M, N, K, a, b, c, c_step, add);
}

}  // namespace

}  // namespace microgpt::fast
