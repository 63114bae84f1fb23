// Attention of heads of at most 16 channels. A slice is a vector that holds several heads side by side or, where a head
// is wider than a vector, as many vectors as hold it. A block of R queries is worked at once, one key after the other,
// so that a key and a value are loaded once for R queries. Numbers of which there is one for each head and query
// (scores, pattern) are packed: a vector holds those of R queries and all heads of the slice, and one exponential serves
// them all. Each head's sums are the same whatever the width of a vector.
#pragma once

#include "microgpt/nn/fast/form/layers.hpp"

namespace microgpt::fast {

namespace {

/// Whether the functions below can work C channels in heads of D: by these alone, not by the width of a vector.
constexpr Size kNarrowest = 16;
inline bool is_narrow(Size C, Size D) {
  return C % kNarrowest == 0 && D <= kNarrowest && (D & (D - 1)) == 0;
}

/// Queries of a block.
template <int D>
constexpr int kQueries = D < 4 ? D : 4;

/// Vectors of a slice, and its channels.
template <int D>
constexpr int kVectors = D > kWidth ? D / kWidth : 1;
template <int D>
constexpr int kChannels = kVectors<D>* kWidth;

/// Numbers of a packed vector that are not repeated: one for each head and query.
template <int D>
constexpr int kPacked = (D > kWidth ? 1 : kWidth / D) * kQueries<D>;

template <int D>
struct Slice {
  Vec part[kVectors<D>] = {};

  static Slice load_from(const float* row) {
    Slice s;
    for (int i = 0; i < kVectors<D>; ++i) s.part[i] = load(row + i * kWidth);
    return s;
  }
  void store_to(float* row) const {
    for (int i = 0; i < kVectors<D>; ++i) store(row + i * kWidth, part[i]);
  }
  /// += factor x.
  void add(Vec factor, const Slice& x) {
    for (int i = 0; i < kVectors<D>; ++i) part[i] = multiply_add(factor, x.part[i], part[i]);
  }
  [[nodiscard]] Slice times(Vec factor) const {
    Slice s;
    for (int i = 0; i < kVectors<D>; ++i) s.part[i] = factor * part[i];
    return s;
  }
};

/// Per four lanes: a0 + a1, a2 + a3, b0 + b1, b2 + b3.
template <int... I>
inline Vec add_pairs(Vec a, Vec b, Lanes<I...> /*lanes*/) {
  constexpr auto from = [](int lane) {
    return (lane & 3) < 2 ? (lane & ~3) + 2 * (lane & 3) : kWidth + (lane & ~3) + 2 * ((lane & 3) - 2);
  };
  return __builtin_shufflevector(a, b, from(I)...) + __builtin_shufflevector(a, b, (from(I) + 1)...);
}

/// Packs the sums over each head of the products of R queries x with y: the tree of its channels, neighbours first.
template <int D>
inline Vec packed_dots(const Slice<D> (&x)[kQueries<D>], const Slice<D>& y) {
  if constexpr (D == 1) {
    return x[0].part[0] * y.part[0];
  } else if constexpr (D == 2) {
    return add_pairs(x[0].part[0] * y.part[0], x[1].part[0] * y.part[0], AllLanes());
  } else {
    Vec sums[kVectors<D>];
    for (int i = 0; i < kVectors<D>; ++i) {
      const Vec first = add_pairs(x[0].part[i] * y.part[i], x[1].part[i] * y.part[i], AllLanes());
      const Vec second = add_pairs(x[2].part[i] * y.part[i], x[3].part[i] * y.part[i], AllLanes());
      sums[i] = add_pairs(first, second, AllLanes());
      if constexpr (D >= 8 && kWidth >= 8) sums[i] += exchange<4>(sums[i], AllLanes());
      if constexpr (D >= 16 && kWidth >= 16) sums[i] += exchange<8>(sums[i], AllLanes());
    }
    for (int gap = 1; gap < kVectors<D>; gap *= 2) {
      for (int i = 0; i + gap < kVectors<D>; i += 2 * gap) sums[i] += sums[i + gap];
    }
    return sums[0];
  }
}

/// Every channel gets its head's number for query R.
template <int D, int R, int... I>
inline Vec spread(Vec packed, Lanes<I...> /*lanes*/) {
  constexpr auto from = [](int lane) {
    return (lane & ~3) + (D == 1 ? lane & 3 : D == 2 ? 2 * R + (lane & 3) / 2 : R);
  };
  return __builtin_shufflevector(packed, packed, from(I)...);
}

/// work(Constant<r>) for each query of a block.
template <class Work, int... R>
inline void each_query(const Work& work, Lanes<R...> /*queries*/) {
  (work(Constant<R>()), ...);
}
template <int D, class Work>
inline void each_query(const Work& work) {
  each_query(work, FirstLanes<kQueries<D>>());
}

/// In memory a packed vector's numbers stand once. (Loads read a whole vector, of which the rest is left out: pattern
/// lies in an Arena.)
template <int D, int... I>
inline Vec repeat(Vec numbers, Lanes<I...> /*lanes*/) {
  return __builtin_shufflevector(numbers, numbers, (I / D * 4 + I % 4)...);
}
template <int D, int... I>
inline Vec once(Vec packed, Lanes<I...> /*lanes*/) {
  return __builtin_shufflevector(packed, packed, (I / 4 * D % kWidth + I % 4)...);
}
template <int D>
inline Vec load_packed(const float* from) {
  if constexpr (D > 4 && kWidth > 4) return repeat<D>(load(from), AllLanes());
  return load(from);
}
template <int D>
inline void store_packed(float* to, Vec v) {
  if constexpr (D > 4 && kWidth > 4) v = once<D>(v, AllLanes());
  std::memcpy(to, &v, kPacked<D> * sizeof(float));
}

/// True where query `first` + r of a packed vector may see key t.
template <int D, int... I>
inline IntVec sees(Size first, Size t, Lanes<I...> /*lanes*/) {
  return IntVec{(I % 4 / (4 / kQueries<D>))...} >= static_cast<std::int32_t>(t - first);
}

template <int D>
void forward(Out z, float* pattern, In q, In k, In v) {
  constexpr int R = kQueries<D>;
  const Size n = q.rows;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(D));
  auto* row =
      static_cast<float*>(scratch(static_cast<std::size_t>(n) * kBytes));  // a packed vector for each key
  for (Size channel = 0; channel < q.cols; channel += kChannels<D>) {
    for (Size first = 0; first < n; first += R) {
      // A block that is not full repeats the last query.
      const Size last = (first + R < n ? first + R : n) - 1;
      Slice<D> query[std::size_t{R}];
      for (int r = 0; r < R; ++r) {
        const Size of = first + r < last ? first + r : last;
        query[r] = Slice<D>::load_from(q.row(of) + channel).times(every(scale));
      }
      Vec m = every(-3e38F);
      for (Size t = 0; t <= last; ++t) {  // 1  scores = q kᵀ / sqrt(D)
        const Vec score = packed_dots<D>(query, Slice<D>::load_from(k.row(t) + channel));
        m = sees<D>(first, t, AllLanes()) ? max(m, score) : m;
        store(row + t * kWidth, score);
      }
      Vec total = {};
      Slice<D> sum[std::size_t{R}];
      for (Size t = 0; t <= last; ++t) {  // 2, 3  Σ exp(scores - m) and Σ exp(scores - m) v
        Vec e = exponential(load(row + t * kWidth) - m);
        if (t > first) e = sees<D>(first, t, AllLanes()) ? e : Vec{};
        total += e;
        const Slice<D> value = Slice<D>::load_from(v.row(t) + channel);
        each_query<D>([&](auto r) { sum[r.value].add(spread<D, r.value>(e, AllLanes()), value); });
        store(row + t * kWidth, e);
      }
      const Vec factor = 1.0F / total;
      for (Size t = 0; t <= last; ++t) {
        store_packed<D>(pattern + t * kPacked<D>, factor * load(row + t * kWidth));
      }
      each_query<D>([&](auto r) {
        if (first + r.value > last) return;
        sum[r.value].times(spread<D, r.value>(factor, AllLanes())).store_to(z.row(first + r.value) + channel);
      });
      pattern += (last + 1) * kPacked<D>;
    }
  }
}

template <int D>
void backward(Out dq, Out dk, Out dv, In dz, const float* pattern, In q, In k, In v) {
  constexpr int R = kQueries<D>;
  const Size n = q.rows;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(D));
  auto* row =
      static_cast<float*>(scratch(static_cast<std::size_t>(n) * kBytes));  // a packed vector for each key
  for (Size channel = 0; channel < q.cols; channel += kChannels<D>) {
    for (Size t = 0; t < n; ++t) {
      Slice<D>().store_to(dk.row(t) + channel);
      Slice<D>().store_to(dv.row(t) + channel);
    }
    for (Size first = 0; first < n; first += R) {
      const Size last = (first + R < n ? first + R : n) - 1;
      Slice<D> query[std::size_t{R}];
      Slice<D> dz_of[std::size_t{R}];
      for (int r = 0; r < R && first + r <= last; ++r) {
        query[r] = Slice<D>::load_from(q.row(first + r) + channel).times(every(scale));
        dz_of[r] = Slice<D>::load_from(dz.row(first + r) + channel);
      }
      Vec mean = {};
      for (Size t = 0; t <= last; ++t) {  // 3  z = pattern v
        const Vec p = load_packed<D>(pattern + t * kPacked<D>);
        const Vec dp = packed_dots<D>(dz_of, Slice<D>::load_from(v.row(t) + channel));
        mean = multiply_add(p, dp, mean);
        store(row + t * kWidth, dp);
        Slice<D> dv_t = Slice<D>::load_from(dv.row(t) + channel);
        each_query<D>([&](auto r) { dv_t.add(spread<D, r.value>(p, AllLanes()), dz_of[r.value]); });
        dv_t.store_to(dv.row(t) + channel);
      }
      Slice<D> dq_of[std::size_t{R}];
      for (Size t = 0; t <= last; ++t) {  // 2, 1  dscores = p (dp - Σ p dp);  scores = q kᵀ / sqrt(D)
        const Vec ds = load_packed<D>(pattern + t * kPacked<D>) * (load(row + t * kWidth) - mean);
        const Slice<D> key = Slice<D>::load_from(k.row(t) + channel);
        Slice<D> dk_t = Slice<D>::load_from(dk.row(t) + channel);
        each_query<D>([&](auto r) {
          const Vec own = spread<D, r.value>(ds, AllLanes());
          dq_of[r.value].add(own, key);
          dk_t.add(own, query[r.value]);
        });
        dk_t.store_to(dk.row(t) + channel);
      }
      for (int r = 0; r < R && first + r <= last; ++r) {
        dq_of[r].times(every(scale)).store_to(dq.row(first + r) + channel);
      }
      pattern += (last + 1) * kPacked<D>;
    }
  }
}

/// work(Constant<D>) for the head size.
template <class Work>
void with_head_size(Size size, const Work& work) {
  switch (size) {
    case 1:
      return work(Constant<1>());
    case 2:
      return work(Constant<2>());
    case 4:
      return work(Constant<4>());
    case 8:
      return work(Constant<8>());
    default:
      return work(Constant<16>());
  }
}

/// One document, all heads: z, q, k, v (n, C). pattern, of H n (n + 3) numbers at most, lies as the backward function
/// reads it.
inline void narrow_attention_forward(Size D, Out z, float* pattern, In q, In k, In v) {
  with_head_size(D, [&](auto size) { forward<size.value>(z, pattern, q, k, v); });
}
inline void narrow_attention_backward(Size D, Out dq, Out dk, Out dv, In dz, const float* pattern, In q, In k,
                                      In v) {
  with_head_size(D, [&](auto size) { backward<size.value>(dq, dk, dv, dz, pattern, q, k, v); });
}

}  // namespace

}  // namespace microgpt::fast
