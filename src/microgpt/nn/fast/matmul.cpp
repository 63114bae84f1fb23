#include "microgpt/nn/fast/matmul.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "microgpt/nn/fast/vec.hpp"

namespace microgpt::fast {

namespace {

/// `tiles` tiles below each other, of R rows by N vectors of c, held in registers while k runs: per step N
/// loads of b, R broadcasts of a, R · N fused multiply-adds. Of the last vector `part` lanes are kept; the
/// others compute with whatever lies there. Where rows of a are adjacent numbers (a.row_step is 1) their
/// addresses need no registers.
template <int R, int N, bool Adjacent>
void tile_column(int tiles, Index K, Strided a, const float* b, Index b_step, float* c, Index c_step,
                 bool add, Index part) {
  const Index row_step = Adjacent ? 1 : a.row_step;
  const Index col_step = Adjacent ? a.col_step : 1;
  for (int tile = 0; tile < tiles; ++tile) {
    Vec sums[std::size_t{R}][std::size_t{N}];
    for (int r = 0; r < R; ++r) {
      for (int n = 0; n < N; ++n) sums[r][n] = add ? load(c + r * c_step + n * kWidth) : Vec{};
    }
    for (Index k = 0; k < K; ++k) {
      Vec row[std::size_t{N}];
      for (int n = 0; n < N; ++n) row[n] = load(b + k * b_step + n * kWidth);
      for (int r = 0; r < R; ++r) {
        const float factor = a.data[r * row_step + k * col_step];
        for (int n = 0; n < N; ++n) sums[r][n] += factor * row[n];
      }
    }
    for (int r = 0; r < R; ++r) {
      for (int n = 0; n < N - 1; ++n) store(c + r * c_step + n * kWidth, sums[r][n]);
      float* last = c + r * c_step + (N - 1) * kWidth;
      part == kWidth ? store(last, sums[r][N - 1]) : store_part(last, sums[r][N - 1], part);
    }
    a.data += R * row_step;
    c += R * c_step;
  }
}

/// Widest panel of columns, in vectors; and the tallest tile of N vectors: its sums, N vectors of b and a
/// spare fill the vector registers, and its addresses the others.
constexpr int kPanel = kRegisters == 32 ? 4 : 2;
template <int N, bool Adjacent>
constexpr int kTallest = kRegisters == 32 ? (N == 1 && Adjacent   ? 16
                                             : N == 2 && Adjacent ? 12
                                             : N == 4             ? 6
                                                                  : 8)
                                          : (N == 1 ? 8 : 6);

/// So many rows of b at a time, that a panel stays in the first cache.
constexpr Index kDepth = 128;

/// All rows of a panel of N vectors, in tiles of nearly equal height.
template <int N, bool Adjacent>
void panel(Index M, Index K, Strided a, const float* b, Index b_step, float* c, Index c_step, bool add,
           Index part) {
  using Column = void (*)(int, Index, Strided, const float*, Index, float*, Index, bool, Index);
  static constexpr auto kColumns = []<int... R>(std::integer_sequence<int, R...>) {
    return std::array<Column, sizeof...(R)>{tile_column<R + 1, N, Adjacent>...};
  }
  (std::make_integer_sequence<int, kTallest<N, Adjacent>>());

  const int tiles = (static_cast<int>(M) + kTallest<N, Adjacent> - 1) / kTallest<N, Adjacent>;
  const int height = static_cast<int>(M) / std::max(tiles, 1);
  const int taller = static_cast<int>(M) - tiles * height;
  if (taller > 0) {
    kColumns[static_cast<std::size_t>(height)](taller, K, a, b, b_step, c, c_step, add, part);
    a.data += taller * (height + 1) * a.row_step;
    c += taller * (height + 1) * c_step;
  }
  if (tiles > taller) {
    kColumns[static_cast<std::size_t>(height - 1)](tiles - taller, K, a, b, b_step, c, c_step, add, part);
  }
}

/// Transposes kWidth vectors in registers: at distance d, vector i with bit d clear and vector i + d exchange
/// the halves of their groups of 2d lanes.
template <int Distance, std::size_t... I>
[[gnu::always_inline]] inline void exchange_pairs(Vec (&v)[kWidth], std::index_sequence<I...> /*lanes*/) {
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

/// to (cols, rows) = fromᵀ, of from (rows, cols). Rows of `to` are whole vectors, written to their ends.
void transpose(Index rows, Index cols, const float* from, Index from_step, float* to, Index to_step) {
  for (Index r = 0; r < rows; r += kWidth) {
    for (Index c = 0; c < cols; c += kWidth) {
      const float* corner = from + r * from_step + c;
      float* turned = to + c * to_step + r;
      Vec block[kWidth];
      if (r + kWidth <= rows && c + kWidth <= cols) {
        for (int i = 0; i < kWidth; ++i) block[i] = load(corner + i * from_step);
        exchange_pairs<1>(block, std::make_index_sequence<kWidth>());
        for (int i = 0; i < kWidth; ++i) store(turned + i * to_step, block[i]);
      } else {
        for (int i = 0; i < kWidth; ++i) block[i] = r + i < rows ? load(corner + i * from_step) : Vec{};
        exchange_pairs<1>(block, std::make_index_sequence<kWidth>());
        for (int i = 0; i < kWidth && c + i < cols; ++i) store(turned + i * to_step, block[i]);
      }
    }
  }
}

/// Below so many rows of c, a panel is not read often enough to pay for its copy.
constexpr Index kRowsWorthACopy = 16;

}  // namespace

void matmul(Index M, Index N, Index K, Strided a, Strided b, float* c, Index c_step, bool add) {
  const Index blocks = std::max<Index>((K + kDepth - 1) / kDepth, 1);
  const bool copies = b.col_step != 1 || (b.row_step > kPanel * kWidth && M >= kRowsWorthACopy);
  float* copy = copies ? scratch(static_cast<std::size_t>(kDepth * kPanel * kWidth)) : nullptr;
  for (Index block = 0, k = 0; block < blocks; ++block) {
    const Index depth = (K - k) / (blocks - block);
    const Strided some_a = {a.data + k * a.col_step, a.row_step, a.col_step};
    for (Index n = 0; n < N; n += kPanel * kWidth) {
      const Index columns = std::min<Index>(kPanel * kWidth, N - n);
      const Index vectors = (columns + kWidth - 1) / kWidth;
      const float* from = b.data + k * b.row_step + n * b.col_step;
      Index from_step = b.row_step;
      if (copies) {
        from_step = vectors * kWidth;
        if (b.col_step == 1) {
          for (Index i = 0; i < depth; ++i) {
            for (Index v = 0; v < vectors; ++v) {
              store(copy + i * from_step + v * kWidth, load(from + i * b.row_step + v * kWidth));
            }
          }
        } else {
          transpose(columns, depth, from, b.col_step, copy, from_step);
        }
        from = copy;
      }
      const Index part = columns - (vectors - 1) * kWidth;
      const bool more = add || k > 0;
      const auto run = [&]<int V>(std::integral_constant<int, V>) {
        if (a.col_step == 1) {
          panel<V, false>(M, depth, some_a, from, from_step, c + n, c_step, more, part);
        } else {
          panel<V, true>(M, depth, some_a, from, from_step, c + n, c_step, more, part);
        }
      };
      switch (vectors) {
        case 1:
          run(std::integral_constant<int, 1>());
          break;
        case 2:
          run(std::integral_constant<int, 2>());
          break;
        case 3:
          if constexpr (kPanel == 4) run(std::integral_constant<int, 3>());
          break;
        default:
          if constexpr (kPanel == 4) run(std::integral_constant<int, 4>());
          break;
      }
    }
    k += depth;
  }
}

float* scratch(std::size_t size) {
  thread_local Arena<float> memory;
  if (memory.size() < size) memory.resize(size);
  return memory.data();
}

}  // namespace microgpt::fast
