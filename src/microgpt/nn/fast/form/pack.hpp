// Parts of the factors of a matrix product, copied so that its tiles read them one number after the other.
#pragma once

#include "microgpt/nn/fast/form/tile.hpp"

namespace microgpt::fast {

namespace {

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

/// Copies `size` rows of m (size, depth) as strips of `width` rows each: in a strip, the numbers of its rows at one k lie
/// side by side, filled up to `step` with whatever follows in m, and the k follow each other.
template <class T>
void pack_strips(Size size, Size depth, Size width, Size step, Strided<T> m, T* to) {
  constexpr int W = kWidthOf<T>;
  if (m.col_step == 1) {
    for (Size s = 0; s < size; s += width, to += depth * step) {
      transpose<T>(size - s < step ? size - s : step, depth, m.data + s * m.row_step, m.row_step, to, step);
    }
    return;
  }
  // A few k of all strips at a time, so that a line of which one strip takes a part is still at hand for the next; and
  // since each k lies in another page, which no processor foresees, the next few are asked for.
  constexpr Size kGroup = 16;
  for (Size k = 0; k < depth; k += kGroup, to += kGroup * step) {
    const Size ks = depth - k < kGroup ? depth - k : kGroup;
    T* strip = to;
    for (Size s = 0; s < size; s += width, strip += depth * step) {
      const T* from = m.data + s * m.row_step + k * m.col_step;
      for (Size i = 0; i < ks; ++i) {
        __builtin_prefetch(from + (kGroup + i) * m.col_step);
        for (Size r = 0; r < step; r += W) store(strip + i * step + r, load<T>(from + i * m.col_step + r));
      }
    }
  }
}

}  // namespace

}  // namespace microgpt::fast
