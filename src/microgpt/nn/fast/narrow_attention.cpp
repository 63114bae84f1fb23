// Attention of heads no wider than a vector. A vector of channels holds kWidth / D heads side by side; a
// block of R queries is worked at once, one key after the other, so that a key and a value are loaded once
// for R queries. Numbers of which there is one for each head and query (scores, pattern) are packed: a vector
// holds those of R queries and all its heads, and one exponential serves them all.
#include "microgpt/nn/fast/narrow_attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "microgpt/nn/fast/matmul.hpp"
#include "microgpt/nn/fast/rows.hpp"

namespace microgpt::fast {

namespace {

using Lanes = std::make_index_sequence<kWidth>;

/// Queries of a block.
template <int D>
inline constexpr int kQueries = D < 4 ? D : 4;

/// Numbers of a packed vector that are not repeated: one for each head and query.
template <int D>
inline constexpr int kPacked = kWidth / D* kQueries<D>;

/// Per four lanes: a0 + a1, a2 + a3, b0 + b1, b2 + b3.
template <std::size_t... I>
Vec add_pairs(Vec a, Vec b, std::index_sequence<I...> /*lanes*/) {
  constexpr auto from = [](std::size_t lane) {
    const auto i = static_cast<int>(lane);
    return (i & 3) < 2 ? (i & ~3) + 2 * (i & 3) : kWidth + (i & ~3) + 2 * ((i & 3) - 2);
  };
  return __builtin_shufflevector(a, b, from(I)...) + __builtin_shufflevector(a, b, (from(I) + 1)...);
}

/// The query whose number a lane of a packed vector holds.
template <int D>
constexpr int query_of(std::size_t lane) {
  return static_cast<int>(lane % 4) / (4 / kQueries<D>);
}

/// Packs the sums over each head of the R products.
template <int D>
Vec packed_sums(const Vec (&products)[kQueries<D>]) {
  if constexpr (D == 1) {
    return products[0];
  } else if constexpr (D == 2) {
    return add_pairs(products[0], products[1], Lanes());
  } else {
    Vec sums = add_pairs(add_pairs(products[0], products[1], Lanes()),
                         add_pairs(products[2], products[3], Lanes()), Lanes());
    if constexpr (D >= 8) sums += exchange<4>(sums, Lanes());
    if constexpr (D >= 16) sums += exchange<8>(sums, Lanes());
    return sums;
  }
}

/// Every channel gets its head's number for query R.
template <int D, int R, std::size_t... I>
Vec spread(Vec packed, std::index_sequence<I...> /*lanes*/) {
  constexpr auto from = [](std::size_t lane) {
    const auto i = static_cast<int>(lane);
    return (i & ~3) + (D == 1 ? i & 3 : D == 2 ? 2 * R + (i & 3) / 2 : R);
  };
  return __builtin_shufflevector(packed, packed, from(I)...);
}

/// work(integral constant r) for each query of a block.
template <int D, class Work>
void each_query(const Work& work) {
  [&]<int... R>(std::integer_sequence<int, R...>) {
    (work(std::integral_constant<int, R>()), ...);
  }
  (std::make_integer_sequence<int, kQueries<D>>());
}

/// In memory a packed vector's numbers stand once. (Loads read a whole vector, of which the rest is left out:
/// pattern lies in an Arena.)
template <int D, std::size_t... I>
Vec repeat(Vec numbers, std::index_sequence<I...> /*lanes*/) {
  return __builtin_shufflevector(numbers, numbers,
                                 (static_cast<int>(I) / D * 4 + static_cast<int>(I) % 4)...);
}
template <int D, std::size_t... I>
Vec once(Vec packed, std::index_sequence<I...> /*lanes*/) {
  return __builtin_shufflevector(packed, packed,
                                 (static_cast<int>(I) / 4 * D % kWidth + static_cast<int>(I) % 4)...);
}
template <int D>
Vec load_packed(const float* from) {
  if constexpr (D > 4) return repeat<D>(load(from), Lanes());
  return load(from);
}
template <int D>
void store_packed(float* to, Vec v) {
  if constexpr (D > 4) v = once<D>(v, Lanes());
  std::memcpy(to, &v, kPacked<D> * sizeof(float));
}

template <int D, std::size_t... I>
IntVec query_numbers(std::index_sequence<I...> /*lanes*/) {
  return IntVec{query_of<D>(I)...};
}
/// True where query `first` + r may see key t.
template <int D>
IntVec sees(Index first, Index t) {
  return query_numbers<D>(Lanes()) >= static_cast<std::int32_t>(t - first);
}

template <int D>
void forward(Out<float>& z, float* pattern, In<float> q, In<float> k, In<float> v, Index begin, Index n) {
  constexpr int R = kQueries<D>;
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  float* row = scratch(static_cast<std::size_t>(n * kWidth));  // of a block: a packed vector for each key
  for (Index channel = 0; channel < q.cols(); channel += kWidth) {
    for (Index first = 0; first < n; first += R) {
      // A block that is not full repeats the last query.
      const Index last = std::min(first + R, n) - 1;
      Vec query[std::size_t{R}];
      for (int r = 0; r < R; ++r) {
        query[r] = scale * load(at(q, begin + std::min(first + r, last), channel));
      }
      Vec m = Vec{} - 3e38F;
      for (Index t = 0; t <= last; ++t) {  // 1  scores = q kᵀ / sqrt(D)
        const Vec key = load(at(k, begin + t, channel));
        Vec products[std::size_t{R}];
        for (int r = 0; r < R; ++r) products[r] = query[r] * key;
        const Vec score = packed_sums<D>(products);
        m = sees<D>(first, t) ? max(m, score) : m;
        store(row + t * kWidth, score);
      }
      Vec total = {};
      Vec sum[std::size_t{R}] = {};
      for (Index t = 0; t <= last; ++t) {  // 2, 3  Σ exp(scores - m) and Σ exp(scores - m) v
        Vec e = exponential(load(row + t * kWidth) - m);
        if (t > first) e = sees<D>(first, t) ? e : Vec{};
        total += e;
        const Vec value = load(at(v, begin + t, channel));
        each_query<D>([&](auto r) { sum[r] += spread<D, r>(e, Lanes()) * value; });
        store(row + t * kWidth, e);
      }
      const Vec factor = 1.0F / total;
      for (Index t = 0; t <= last; ++t) {
        store_packed<D>(pattern + t * kPacked<D>, factor * load(row + t * kWidth));
      }
      each_query<D>([&](auto r) {
        if (first + r <= last) {
          store(at(z, begin + first + r, channel), spread<D, r>(factor, Lanes()) * sum[r]);
        }
      });
      pattern += (last + 1) * kPacked<D>;
    }
  }
}

template <int D>
void backward(Out<float>& dq, Out<float>& dk, Out<float>& dv, In<float> dz, const float* pattern, In<float> q,
              In<float> k, In<float> v, Index begin, Index n) {
  constexpr int R = kQueries<D>;
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  float* row = scratch(static_cast<std::size_t>(n * kWidth));  // of a block: a packed vector for each key
  for (Index channel = 0; channel < q.cols(); channel += kWidth) {
    for (Index t = 0; t < n; ++t) {
      store(at(dk, begin + t, channel), Vec{});
      store(at(dv, begin + t, channel), Vec{});
    }
    for (Index first = 0; first < n; first += R) {
      const Index last = std::min(first + R, n) - 1;
      Vec query[std::size_t{R}] = {};
      Vec dz_of[std::size_t{R}] = {};
      for (int r = 0; r < R && first + r <= last; ++r) {
        query[r] = scale * load(at(q, begin + first + r, channel));
        dz_of[r] = load(at(dz, begin + first + r, channel));
      }
      Vec mean = {};
      for (Index t = 0; t <= last; ++t) {  // 3  z = pattern v
        const Vec p = load_packed<D>(pattern + t * kPacked<D>);
        const Vec value = load(at(v, begin + t, channel));
        Vec products[std::size_t{R}];
        for (int r = 0; r < R; ++r) products[r] = dz_of[r] * value;
        const Vec dp = packed_sums<D>(products);
        mean += p * dp;
        store(row + t * kWidth, dp);
        Vec dv_t = load(at(dv, begin + t, channel));
        each_query<D>([&](auto r) { dv_t += spread<D, r>(p, Lanes()) * dz_of[r]; });
        store(at(dv, begin + t, channel), dv_t);
      }
      Vec dq_of[std::size_t{R}] = {};
      for (Index t = 0; t <= last; ++t) {  // 2, 1  dscores = p (dp - Σ p dp);  scores = q kᵀ / sqrt(D)
        const Vec ds = load_packed<D>(pattern + t * kPacked<D>) * (load(row + t * kWidth) - mean);
        const Vec key = load(at(k, begin + t, channel));
        Vec dk_t = load(at(dk, begin + t, channel));
        each_query<D>([&](auto r) {
          const Vec own = spread<D, r>(ds, Lanes());
          dq_of[r] += own * key;
          dk_t += own * query[r];
        });
        store(at(dk, begin + t, channel), dk_t);
      }
      for (int r = 0; r < R && first + r <= last; ++r) {
        store(at(dq, begin + first + r, channel), scale * dq_of[r]);
      }
      pattern += (last + 1) * kPacked<D>;
    }
  }
}

/// work(integral constant D) for the head size.
template <class Work>
void with_head_size(Index size, const Work& work) {
  switch (size) {
    case 1:
      return work(std::integral_constant<int, 1>());
    case 2:
      return work(std::integral_constant<int, 2>());
    case 4:
      return work(std::integral_constant<int, 4>());
    case 8:
      if constexpr (kWidth >= 8) work(std::integral_constant<int, 8>());
      return;
    default:
      if constexpr (kWidth >= 16) work(std::integral_constant<int, 16>());
  }
}

}  // namespace

void narrow_attention_forward(Out<float>& z, float* pattern, In<float> q, In<float> k, In<float> v,
                              const Document& document) {
  with_head_size(document.head_size,
                 [&](auto D) { forward<D>(z, pattern, q, k, v, document.begin, document.n); });
}

void narrow_attention_backward(Out<float>& dq, Out<float>& dk, Out<float>& dv, In<float> dz,
                               const float* pattern, In<float> q, In<float> k, In<float> v,
                               const Document& document) {
  with_head_size(document.head_size,
                 [&](auto D) { backward<D>(dq, dk, dv, dz, pattern, q, k, v, document.begin, document.n); });
}

}  // namespace microgpt::fast
