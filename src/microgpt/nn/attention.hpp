// Causal self-attention (Vaswani et al. 2017; microgpt.py, the loop over heads in gpt()), one head:
//
//   1  scores  = q kᵀ / sqrt(D)
//   2  pattern = softmax of row i over the keys it may see, 0 for the others
//   3  z       = pattern v
//
// Query i of n, over m >= n keys, sees keys 0 ... m - n + i: with m = n this is a document in
// training, with n = 1 one step of decoding over the keys and values kept so far.
#pragma once

#include <cstddef>
#include <span>

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// z (n, D), scores and pattern (n, m), q (n, D), k and v (m, D).
template <class T>
void attention_head_forward(Out<T> z, Out<T> scores, Out<T> pattern, In<T> q, In<T> k, In<T> v);

/// dpattern and dscores (n, m) are filled on the way.
template <class T>
void attention_head_backward(Out<T> dq, Out<T> dk, Out<T> dv, Out<T> dscores, Out<T> dpattern, In<T> dz,
                             In<T> pattern, In<T> q, In<T> k, In<T> v);

/// Where the head matrices of a batch lie: document after document, head after head, each (n, n). And which of them are
/// to be worked: part `part` of `parts`, so that several threads can share them.
struct PatternLayout {
  std::span<const int> offsets;  ///< of the documents: d is positions offsets[d] ... offsets[d + 1] - 1
  int n_head = 1;
  int part = 0;
  int parts = 1;

  /// H · Σ n²: the numbers of all head matrices.
  [[nodiscard]] Index size() const;
  /// Σ (H n (n + 3) + 16): what to set aside for them, since the fast form works in blocks and touches whole vectors.
  [[nodiscard]] Index room() const;

  /// Calls visit(document, its first position, its positions n, where its head matrices begin).
  template <class Visit>
  void each_document(const Visit& visit) const {
    Index at = 0;
    for (std::size_t d = 0; d + 1 < offsets.size(); ++d) {
      const Index begin = offsets[d];
      const Index n = offsets[d + 1] - begin;
      visit(d, begin, n, at);
      at += n_head * n * n;
    }
  }

  /// A head in a document of positions begin ... begin + n - 1; its matrix (n, n) begins at number `at`.
  struct HeadMatrix {
    std::size_t document;
    Index head, begin, n;
    std::size_t at;
  };
  /// Calls visit(HeadMatrix) for every head of every document that belongs to the part.
  template <class Visit>
  void each_head(const Visit& visit) const {
    each_document([&](std::size_t document, Index begin, Index n, Index at) {
      for (Index h = 0; h < n_head; ++h) {
        if ((static_cast<Index>(document) * n_head + h) % parts != part) continue;
        visit(HeadMatrix{document, h, begin, n, static_cast<std::size_t>(at + h * n * n)});
      }
    });
  }
};

/// All heads of all documents of a batch. z, q, k, v (P, C); head h is columns h D ... h D + D - 1.
/// scores and pattern hold layout.size() numbers; for the fast form layout.room().
template <class T>
void attention_forward(Out<T> z, std::span<T> scores, std::span<T> pattern, In<T> q, In<T> k, In<T> v,
                       const PatternLayout& layout);

/// Its three steps by themselves, each for all heads.
template <class T>
void attention_scores(std::span<T> scores, In<T> q, In<T> k, const PatternLayout& layout);
template <class T>
void attention_pattern(std::span<T> pattern, std::span<const T> scores, const PatternLayout& layout);
template <class T>
void attention_values(Out<T> z, std::span<const T> pattern, In<T> v, const PatternLayout& layout);

template <class T>
void attention_backward(Out<T> dq, Out<T> dk, Out<T> dv, std::span<T> dscores, std::span<T> dpattern,
                        In<T> dz, std::span<const T> pattern, In<T> q, In<T> k, In<T> v,
                        const PatternLayout& layout);

}  // namespace microgpt
