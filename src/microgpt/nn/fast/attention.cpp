// Attention in two forms. Where a head fits into a vector (D lanes of kWidth), several heads are worked side
// by side, one key at a time: the lanes of a head all hold that head's number, and a sum over the head is a
// few exchanges of lanes. Wider heads are matrix products, a head at a time.
#include <cmath>
#include <cstddef>

#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/fast/matmul.hpp"
#include "microgpt/nn/fast/rows.hpp"

namespace microgpt::fast {

namespace {

/// Where a document's rows and its head matrices lie.
struct Place {
  Index begin;
  Index n;
  std::size_t pattern;
};

template <class Visit>
void each_document(const PatternLayout& layout, Visit&& visit) {
  std::size_t at = 0;
  for (std::size_t d = 0; d + 1 < layout.offsets.size(); ++d) {
    const Index begin = layout.offsets[d];
    const Index n = layout.offsets[d + 1] - begin;
    visit(Place{begin, n, at});
    at += static_cast<std::size_t>(layout.n_head * n * n);
  }
}

// --- heads side by side: pattern is (query, key, head) ---

template <int D>
inline constexpr int kHeads = kWidth / D;  ///< in a vector

/// Lane i gets lane i / D of the first heads' numbers, and back.
template <int D, std::size_t... I>
Vec spread(Vec v, std::index_sequence<I...> /*lanes*/) {
  return __builtin_shufflevector(v, v, (static_cast<int>(I) / D)...);
}
template <int D, std::size_t... I>
Vec gather(Vec v, std::index_sequence<I...> /*lanes*/) {
  return __builtin_shufflevector(v, v, (static_cast<int>(I) * D % kWidth)...);
}
template <int D>
Vec load_heads(const float* from) {
  Vec v = {};
  __builtin_memcpy(&v, from, kHeads<D> * sizeof(float));
  return spread<D>(v, std::make_index_sequence<kWidth>());
}
template <int D>
void store_heads(float* to, Vec v) {
  v = gather<D>(v, std::make_index_sequence<kWidth>());
  __builtin_memcpy(to, &v, kHeads<D> * sizeof(float));
}

template <int D>
void side_by_side_forward(Out<float> z, float* pattern, In<float> q, In<float> k, In<float> v,
                          const Place& place, Index n_head) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  auto* e = reinterpret_cast<Vec*>(scratch(static_cast<std::size_t>(place.n * kWidth)));
  for (Index channel = 0; channel < q.cols(); channel += kWidth) {
    const Index head = channel / D;
    for (Index i = 0; i < place.n; ++i) {
      const Vec query = scale * load(at(q, place.begin + i, channel));
      Vec m = Vec{} - 3e38F;
      for (Index t = 0; t <= i; ++t) {  // 1  scores = q kᵀ / sqrt(D)
        e[t] = sum_groups<D>(query * load(at(k, place.begin + t, channel)));
        m = max(m, e[t]);
      }
      Vec total = {};
      Vec sum = {};
      for (Index t = 0; t <= i; ++t) {  // 2, 3  Σ exp(scores - m) and Σ exp(scores - m) v
        e[t] = exponential(e[t] - m);
        total += e[t];
        sum += e[t] * load(at(v, place.begin + t, channel));
      }
      const Vec factor = 1.0F / total;
      store(at(z, place.begin + i, channel), factor * sum);
      for (Index t = 0; t <= i; ++t)
        store_heads<D>(pattern + (i * place.n + t) * n_head + head, factor * e[t]);
    }
  }
}

template <int D>
void side_by_side_backward(Out<float> dq, Out<float> dk, Out<float> dv, In<float> dz, const float* pattern,
                           In<float> q, In<float> k, In<float> v, const Place& place, Index n_head) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  auto* dp = reinterpret_cast<Vec*>(scratch(static_cast<std::size_t>(place.n * kWidth)));
  for (Index channel = 0; channel < q.cols(); channel += kWidth) {
    const Index head = channel / D;
    for (Index t = 0; t < place.n; ++t) {
      store(at(dk, place.begin + t, channel), Vec{});
      store(at(dv, place.begin + t, channel), Vec{});
    }
    for (Index i = 0; i < place.n; ++i) {
      const float* row = pattern + i * place.n * n_head + head;
      const Vec dz_i = load(at(dz, place.begin + i, channel));
      const Vec q_i = scale * load(at(q, place.begin + i, channel));
      Vec mean = {};
      for (Index t = 0; t <= i; ++t) {  // 3  z = pattern v
        const Vec p = load_heads<D>(row + t * n_head);
        dp[t] = sum_groups<D>(dz_i * load(at(v, place.begin + t, channel)));
        mean += p * dp[t];
        float* dv_t = at(dv, place.begin + t, channel);
        store(dv_t, load(dv_t) + p * dz_i);
      }
      Vec dq_i = {};
      for (Index t = 0; t <= i; ++t) {  // 2, 1  dscores = p (dp - Σ p dp);  scores = q kᵀ / sqrt(D)
        const Vec ds = load_heads<D>(row + t * n_head) * (dp[t] - mean);
        dq_i += ds * load(at(k, place.begin + t, channel));
        float* dk_t = at(dk, place.begin + t, channel);
        store(dk_t, load(dk_t) + ds * q_i);
      }
      store(at(dq, place.begin + i, channel), scale * dq_i);
    }
  }
}

// --- one head at a time: pattern is (head, query, key), as in the readable form ---

struct Head {
  Index begin;
  Index channel;
  Index n;
  Index size;
  float* pattern;
};

void head_forward(Out<float> z, In<float> q, In<float> k, In<float> v, const Head& head) {
  const auto [begin, channel, n, size, pattern] = head;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  float* turned = scratch(static_cast<std::size_t>(size * n));
  transpose(n, size, at(k, begin, channel), k.outerStride(), turned, n);
  matmul(n, n, size, {at(q, begin, channel), q.outerStride(), 1}, turned, n, pattern, n, false);  // 1
  for (Index i = 0; i < n; ++i) {                                                                 // 2
    float* row = pattern + i * n;
    float m = row[0];
    for (Index t = 1; t <= i; ++t) m = row[t] > m ? row[t] : m;
    Vec total = {};
    each_vector(i + 1, [&](auto get, auto put) {
      put(row, exponential(scale * (get(row) - m)));
      total += get(row);
    });
    const float factor = 1.0F / sum(total);
    each_vector(i + 1, [&](auto get, auto put) { put(row, factor * get(row)); });
    for (Index t = i + 1; t < n; ++t) row[t] = 0;
  }
  matmul(n, size, n, {pattern, n, 1}, at(v, begin, channel), v.outerStride(), at(z, begin, channel),
         z.outerStride(),
         false);  // 3
}

void head_backward(Out<float> dq, Out<float> dk, Out<float> dv, float* dscores, In<float> dz, In<float> q,
                   In<float> k, In<float> v, const Head& head) {
  const auto [begin, channel, n, size, pattern] = head;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  // 3  z = pattern v
  float* turned = scratch(static_cast<std::size_t>(size * n));
  transpose(n, size, at(v, begin, channel), v.outerStride(), turned, n);
  matmul(n, n, size, {at(dz, begin, channel), dz.outerStride(), 1}, turned, n, dscores, n, false);
  matmul(n, size, n, {pattern, 1, n}, at(dz, begin, channel), dz.outerStride(), at(dv, begin, channel),
         dv.outerStride(), false);
  // 2  dscores = pattern ∘ (dpattern - Σ pattern ∘ dpattern); the scale of pass 1 is taken in here
  for (Index i = 0; i < n; ++i) {
    const float* p = pattern + i * n;
    float* ds = dscores + i * n;
    const float mean = dot(p, ds, i + 1);
    each_vector(n, [&](auto get, auto put) { put(ds, scale * get(p) * (get(ds) - mean)); });
  }
  // 1  scores = q kᵀ / sqrt(D)
  matmul(n, size, n, {dscores, n, 1}, at(k, begin, channel), k.outerStride(), at(dq, begin, channel),
         dq.outerStride(), false);
  matmul(n, size, n, {dscores, 1, n}, at(q, begin, channel), q.outerStride(), at(dk, begin, channel),
         dk.outerStride(), false);
}

/// Calls side(integral constant D) if heads of this size are worked side by side; false if not.
template <class Side>
bool if_side_by_side(Index channels, Index size, Side&& side) {
  if (channels % kWidth != 0) return false;
  switch (size) {
    case 1:
      side(std::integral_constant<int, 1>());
      return true;
    case 2:
      side(std::integral_constant<int, 2>());
      return true;
    case 4:
      side(std::integral_constant<int, 4>());
      return true;
    case 8:
      if constexpr (kWidth >= 8) {
        side(std::integral_constant<int, 8>());
        return true;
      }
      return false;
    default:
      return false;
  }
}

}  // namespace

void attention_forward(Out<float> z, std::span<float> /*scores*/, std::span<float> pattern, In<float> q,
                       In<float> k, In<float> v, const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_document(layout, [&](const Place& place) {
    float* own = pattern.data() + place.pattern;
    const bool done = if_side_by_side(
        q.cols(), size, [&](auto D) { side_by_side_forward<D()>(z, own, q, k, v, place, layout.n_head); });
    if (done) return;
    for (Index h = 0; h < layout.n_head; ++h) {
      head_forward(z, q, k, v, {place.begin, h * size, place.n, size, own + h * place.n * place.n});
    }
  });
}

void attention_backward(Out<float> dq, Out<float> dk, Out<float> dv, std::span<float> dscores,
                        std::span<float> /*dpattern*/, In<float> dz, std::span<const float> pattern,
                        In<float> q, In<float> k, In<float> v, const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_document(layout, [&](const Place& place) {
    const float* own = pattern.data() + place.pattern;
    const bool done = if_side_by_side(q.cols(), size, [&](auto D) {
      side_by_side_backward<D()>(dq, dk, dv, dz, own, q, k, v, place, layout.n_head);
    });
    if (done) return;
    for (Index h = 0; h < layout.n_head; ++h) {
      const Index matrix = h * place.n * place.n;
      head_backward(dq, dk, dv, dscores.data() + place.pattern + matrix, dz, q, k, v,
                    {place.begin, h * size, place.n, size, const_cast<float*>(own) + matrix});
    }
  });
}

}  // namespace microgpt::fast
