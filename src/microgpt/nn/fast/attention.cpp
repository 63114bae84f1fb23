// Attention: heads that fit into a vector have a form of their own (narrow_attention.cpp); wider ones are
// matrix products, a head at a time, as in the readable form.
#include <cmath>
#include <cstddef>

#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/fast/matmul.hpp"
#include "microgpt/nn/fast/narrow_attention.hpp"
#include "microgpt/nn/fast/rows.hpp"

namespace microgpt::fast {

namespace {

/// visit(document, where its pattern begins) for each.
template <class Visit>
void each_document(const PatternLayout& layout, Index head_size, Visit&& visit) {
  std::size_t at = 0;
  for (std::size_t d = 0; d + 1 < layout.offsets.size(); ++d) {
    const Index begin = layout.offsets[d];
    const Index n = layout.offsets[d + 1] - begin;
    visit(Document{begin, n, head_size}, at);
    at += static_cast<std::size_t>(layout.n_head * n * (n + 3));
  }
}

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
  const Strided keys = {at(k, begin, channel), 1, k.outerStride()};
  matmul(n, n, size, {at(q, begin, channel), q.outerStride(), 1}, keys, pattern, n, false);  // 1
  for (Index i = 0; i < n; ++i) {                                                            // 2
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
  matmul(n, size, n, {pattern, n, 1}, {at(v, begin, channel), v.outerStride(), 1}, at(z, begin, channel),
         z.outerStride(), false);  // 3
}

void head_backward(Out<float> dq, Out<float> dk, Out<float> dv, float* dscores, In<float> dz, In<float> q,
                   In<float> k, In<float> v, const Head& head) {
  const auto [begin, channel, n, size, pattern] = head;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  // 3  z = pattern v
  const Strided out = {at(dz, begin, channel), dz.outerStride(), 1};
  matmul(n, n, size, out, {at(v, begin, channel), 1, v.outerStride()}, dscores, n, false);
  matmul(n, size, n, {pattern, 1, n}, out, at(dv, begin, channel), dv.outerStride(), false);
  // 2  dscores = pattern ∘ (dpattern - Σ pattern ∘ dpattern); the scale of pass 1 is taken in here
  for (Index i = 0; i < n; ++i) {
    const float* p = pattern + i * n;
    float* ds = dscores + i * n;
    const float mean = dot(p, ds, i + 1);
    each_vector(n, [&](auto get, auto put) { put(ds, scale * get(p) * (get(ds) - mean)); });
  }
  // 1  scores = q kᵀ / sqrt(D)
  matmul(n, size, n, {dscores, n, 1}, {at(k, begin, channel), k.outerStride(), 1}, at(dq, begin, channel),
         dq.outerStride(), false);
  matmul(n, size, n, {dscores, 1, n}, {at(q, begin, channel), q.outerStride(), 1}, at(dk, begin, channel),
         dk.outerStride(), false);
}

}  // namespace

void attention_forward(Out<float> z, std::span<float> /*scores*/, std::span<float> pattern, In<float> q,
                       In<float> k, In<float> v, const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_document(layout, size, [&](const Document& document, std::size_t at) {
    float* own = pattern.data() + at;
    if (is_narrow(q.cols(), size)) return narrow_attention_forward(z, own, q, k, v, document);
    for (Index h = 0; h < layout.n_head; ++h) {
      const Index n = document.n;
      head_forward(z, q, k, v, {document.begin, h * size, n, size, own + h * n * n});
    }
  });
}

void attention_backward(Out<float> dq, Out<float> dk, Out<float> dv, std::span<float> dscores,
                        std::span<float> /*dpattern*/, In<float> dz, std::span<const float> pattern,
                        In<float> q, In<float> k, In<float> v, const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_document(layout, size, [&](const Document& document, std::size_t at) {
    const float* own = pattern.data() + at;
    if (is_narrow(q.cols(), size)) {
      return narrow_attention_backward(dq, dk, dv, dz, own, q, k, v, document);
    }
    for (Index h = 0; h < layout.n_head; ++h) {
      const Index n = document.n;
      const Index matrix = h * n * n;
      head_backward(dq, dk, dv, dscores.data() + at + matrix, dz, q, k, v,
                    {document.begin, h * size, n, size, const_cast<float*>(own) + matrix});
    }
  });
}

}  // namespace microgpt::fast
