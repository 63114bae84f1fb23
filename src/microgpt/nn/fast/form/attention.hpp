// Attention: small heads have a form of their own (narrow_attention.hpp); others are matrix products, a head at a time,
// as in the readable form.
#pragma once

#include "microgpt/nn/fast/form/layers.hpp"
#include "microgpt/nn/fast/form/matmul.hpp"
#include "microgpt/nn/fast/form/narrow_attention.hpp"

namespace microgpt::fast {

namespace {

/// Some columns of some rows.
template <class T>
Rows<T> block(Rows<T> m, Size row, Size rows, Size col, Size cols) {
  return {m.row(row) + col, rows, cols, m.step};
}
template <class T>
Strided<float> plain(Rows<T> m, Size first = 0) {
  return {m.row(first), m.step, 1};
}
template <class T>
Strided<float> transposed(Rows<T> m) {
  return {m.data, 1, m.step};
}

/// Queries worked at once, with the keys up to the last one's own: what is above the diagonal is mostly left out.
constexpr Size kQueryBlock = 48;

/// visit(first, end) for each block of n queries.
template <class Visit>
void each_query_block(Size n, const Visit& visit) {
  for (Size first = 0; first < n; first += kQueryBlock)
    visit(first, n - first < kQueryBlock ? n : first + kQueryBlock);
}

/// z, q, k, v (n, D) of one head; pattern (n, n), of which a block of queries has no columns after its last query.
inline void head_forward(Out z, float* pattern, In q, In k, In v) {
  const Size n = q.rows, D = q.cols;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(D));
  each_query_block(n, [&](Size first, Size end) {
    const Size rows = end - first;
    float* const block = pattern + first * n;
    matmul<float>(rows, end, D, plain(q, first), transposed(k), block, n, false);  // 1
    for (Size i = first; i < end; ++i) {                                           // 2
      float* row = pattern + i * n;
      softmax(row, row, i + 1, scale);
      for (Size t = i + 1; t < end; ++t) row[t] = 0;
    }
    matmul<float>(rows, D, end, {block, n, 1}, plain(v), z.row(first), z.step, false);  // 3
  });
}

inline void head_backward(Out dq, Out dk, Out dv, float* dscores, In dz, const float* pattern, In q, In k,
                          In v) {
  const Size n = q.rows, D = q.cols;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(D));
  each_query_block(n, [&](Size first, Size end) {
    const Size rows = end - first;
    float* const block = dscores + first * n;
    // 3  z = pattern v, for dpattern
    matmul<float>(rows, end, D, plain(dz, first), transposed(v), block, n, false);
    // 2  dscores = pattern ∘ (dpattern - Σ pattern ∘ dpattern); the scale of pass 1 is taken in here
    for (Size i = first; i < end; ++i) {
      const float* p = pattern + i * n;
      float* ds = dscores + i * n;
      const float mean = dot(p, ds, i + 1);
      each_vector(end, [&](auto vector) { vector(ds, scale * vector(p) * (vector(ds) - mean)); });
    }
    // 1  scores = q kᵀ / sqrt(D), for dq
    matmul<float>(rows, D, end, {block, n, 1}, plain(k), dq.row(first), dq.step, false);
  });
  each_query_block(n, [&](Size first, Size end) {  // a block of keys, which the queries from there on see
    const Size keys = end - first, queries = n - first, corner = first * n + first;
    matmul<float>(keys, D, queries, {pattern + corner, 1, n}, plain(dz, first), dv.row(first), dv.step,
                  false);  // 3
    matmul<float>(keys, D, queries, {dscores + corner, 1, n}, plain(q, first), dk.row(first), dk.step,
                  false);  // 1
  });
}

/// visit(first row, rows, head, where the pattern begins) for each head of the part; and for all heads of a document
/// together, as head -1, where they are narrow, or where a vector at the end of one's numbers holds some of the next.
template <class Visit>
void each_head(Documents documents, Size C, const Visit& visit) {
  const Size H = documents.n_head, D = C / H;
  Size unit = 0;
  const auto is_mine = [&] { return unit++ % documents.parts == documents.part; };
  for (Size d = 0, at = 0; d < documents.count; ++d) {
    const Size begin = documents.offsets[d];
    const Size n = documents.offsets[d + 1] - begin;
    const Size matrix = n * (n + 3);
    if (!is_narrow(C, D) && D % 16 == 0 && matrix - n * n >= 16) {
      for (Size h = 0; h < H; ++h) {
        if (is_mine()) visit(begin, n, h, at + h * matrix);
      }
    } else if (is_mine()) {
      if (is_narrow(C, D)) {
        visit(begin, n, Size{-1}, at);
      } else {
        for (Size h = 0; h < H; ++h) visit(begin, n, h, at + h * matrix);
      }
    }
    at += H * matrix + 16;
  }
}

inline void attention_forward(Out z, float* pattern, In q, In k, In v, Documents documents) {
  const Size C = q.cols, D = C / documents.n_head;
  each_head(documents, C, [&](Size begin, Size n, Size h, Size at) {
    const auto part = [&](auto m) { return h < 0 ? block(m, begin, n, 0, C) : block(m, begin, n, h * D, D); };
    if (h < 0) {
      narrow_attention_forward(D, part(z), pattern + at, part(q), part(k), part(v));
    } else {
      head_forward(part(z), pattern + at, part(q), part(k), part(v));
    }
  });
}

inline void attention_backward(Out dq, Out dk, Out dv, float* dscores, In dz, const float* pattern, In q,
                               In k, In v, Documents documents) {
  const Size C = q.cols, D = C / documents.n_head;
  each_head(documents, C, [&](Size begin, Size n, Size h, Size at) {
    const auto part = [&](auto m) { return h < 0 ? block(m, begin, n, 0, C) : block(m, begin, n, h * D, D); };
    if (h < 0) {
      narrow_attention_backward(D, part(dq), part(dk), part(dv), part(dz), pattern + at, part(q), part(k),
                                part(v));
    } else {
      head_backward(part(dq), part(dk), part(dv), dscores + at, part(dz), pattern + at, part(q), part(k),
                    part(v));
    }
  });
}

}  // namespace

}  // namespace microgpt::fast
