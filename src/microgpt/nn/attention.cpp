#include "microgpt/nn/attention.hpp"

#include <cmath>

#include "microgpt/nn/softmax.hpp"

namespace microgpt {

namespace {

/// Calls visit(first position, positions n, first channel, offset of the head's (n, n) matrix).
template <class Visit>
void each_head(const PatternLayout& layout, Index head_size, Visit&& visit) {
  std::size_t at = 0;
  for (std::size_t d = 0; d + 1 < layout.offsets.size(); ++d) {
    const Index begin = layout.offsets[d];
    const Index n = layout.offsets[d + 1] - begin;
    for (Index h = 0; h < layout.n_head; ++h) {
      visit(begin, n, h * head_size, at);
      at += static_cast<std::size_t>(n * n);
    }
  }
}

}  // namespace

template <class T>
void attention_head_scores(Out<T> scores, In<T> q, In<T> k) {
  const T scale = T(1) / std::sqrt(static_cast<T>(q.cols()));
  scores.noalias() = (scale * q) * k.transpose();  // 1
}

template <class T>
void attention_head_pattern(Out<T> pattern, In<T> scores) {
  const Index hidden = scores.cols() - scores.rows();
  for (Index i = 0; i < scores.rows(); ++i) {  // 2
    const Index seen = hidden + i + 1;
    const auto count = static_cast<std::size_t>(seen);
    softmax_forward<T>({pattern.row(i).data(), count}, {scores.row(i).data(), count});
    pattern.row(i).tail(scores.cols() - seen).setZero();
  }
}

template <class T>
void attention_head_values(Out<T> z, In<T> pattern, In<T> v) {
  z.noalias() = pattern * v;  // 3
}

template <class T>
void attention_head_forward(Out<T> z, Out<T> scores, Out<T> pattern, In<T> q, In<T> k, In<T> v) {
  attention_head_scores<T>(scores, q, k);
  attention_head_pattern<T>(pattern, scores);
  attention_head_values<T>(z, pattern, v);
}

template <class T>
void attention_head_backward(Out<T> dq, Out<T> dk, Out<T> dv, Out<T> dscores, Out<T> dpattern, In<T> dz,
                             In<T> pattern, In<T> q, In<T> k, In<T> v) {
  const T scale = T(1) / std::sqrt(static_cast<T>(q.cols()));
  // 3 forward: z = pattern v
  dpattern.noalias() = dz * v.transpose();
  dv.noalias() = pattern.transpose() * dz;
  // 2 forward: pattern = softmax(scores); where a key is not seen, pattern is 0 and so dscores
  // stays 0
  const auto count = static_cast<std::size_t>(k.rows());
  for (Index i = 0; i < q.rows(); ++i) {
    softmax_backward<T>({dscores.row(i).data(), count}, {dpattern.row(i).data(), count},
                        {pattern.row(i).data(), count});
  }
  // 1 forward: scores = scale q kᵀ
  dq.noalias() = (scale * dscores) * k;
  dk.noalias() = (scale * dscores).transpose() * q;
}

Index PatternLayout::size() const {
  Index total = 0;
  for (std::size_t d = 0; d + 1 < offsets.size(); ++d) {
    const Index n = offsets[d + 1] - offsets[d];
    total += n_head * n * n;
  }
  return total;
}

Index PatternLayout::room() const {
  return size() + 3 * n_head * (offsets.back() - offsets.front());
}

template <class T>
void attention_forward(Out<T> z, std::span<T> scores, std::span<T> pattern, In<T> q, In<T> k, In<T> v,
                       const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_head(layout, size, [&](Index begin, Index n, Index channel, std::size_t at) {
    attention_head_forward<T>(z.block(begin, channel, n, size), View<T>(&scores[at], n, n),
                              View<T>(&pattern[at], n, n), q.block(begin, channel, n, size),
                              k.block(begin, channel, n, size), v.block(begin, channel, n, size));
  });
}

template <class T>
void attention_backward(Out<T> dq, Out<T> dk, Out<T> dv, std::span<T> dscores, std::span<T> dpattern,
                        In<T> dz, std::span<const T> pattern, In<T> q, In<T> k, In<T> v,
                        const PatternLayout& layout) {
  const Index size = q.cols() / layout.n_head;
  each_head(layout, size, [&](Index begin, Index n, Index channel, std::size_t at) {
    attention_head_backward<T>(dq.block(begin, channel, n, size), dk.block(begin, channel, n, size),
                               dv.block(begin, channel, n, size), View<T>(&dscores[at], n, n),
                               View<T>(&dpattern[at], n, n), dz.block(begin, channel, n, size),
                               ConstView<T>(&pattern[at], n, n), q.block(begin, channel, n, size),
                               k.block(begin, channel, n, size), v.block(begin, channel, n, size));
  });
}

#define MICROGPT_INSTANTIATE(T)                                                                         \
  template void attention_head_scores<T>(Out<T>, In<T>, In<T>);                                         \
  template void attention_head_pattern<T>(Out<T>, In<T>);                                               \
  template void attention_head_values<T>(Out<T>, In<T>, In<T>);                                         \
  template void attention_head_forward<T>(Out<T>, Out<T>, Out<T>, In<T>, In<T>, In<T>);                 \
  template void attention_head_backward<T>(Out<T>, Out<T>, Out<T>, Out<T>, Out<T>, In<T>, In<T>, In<T>, \
                                           In<T>, In<T>);                                               \
  template void attention_forward<T>(Out<T>, std::span<T>, std::span<T>, In<T>, In<T>, In<T>,           \
                                     const PatternLayout&);                                             \
  template void attention_backward<T>(Out<T>, Out<T>, Out<T>, std::span<T>, std::span<T>, In<T>,        \
                                      std::span<const T>, In<T>, In<T>, In<T>, const PatternLayout&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
