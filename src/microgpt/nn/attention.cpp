#include "microgpt/nn/attention.hpp"

#include <cmath>

#include "microgpt/nn/product.hpp"
#include "microgpt/nn/softmax.hpp"

namespace microgpt {

namespace {

template <class T>
void head_scores(Out<T> scores, In<T> q, In<T> k) {
  const T scale = T(1) / std::sqrt(static_cast<T>(q.cols()));
  multiply_abt<T>(scores, q, k, scale);  // 1  scores = scale q kᵀ
}

template <class T>
void head_pattern(Out<T> pattern, In<T> scores) {
  const Index hidden = scores.cols() - scores.rows();
  for (Index i = 0; i < scores.rows(); ++i) {  // 2
    const Index seen = hidden + i + 1;
    const auto count = static_cast<std::size_t>(seen);
    softmax_forward<T>({pattern.row(i).data(), count}, {scores.row(i).data(), count});
    pattern.row(i).tail(scores.cols() - seen).setZero();
  }
}

template <class T>
void head_values(Out<T> z, In<T> pattern, In<T> v) {
  multiply<T>(z, pattern, v);  // 3  z = pattern v
}

/// What a head has of q, k, v, z or their gradients (P, C).
template <class Numbers>
auto own_part(Numbers& m, const PatternLayout::HeadMatrix& head, const PatternLayout& layout) {
  const Index D = m.cols() / layout.n_head;
  return m.block(head.begin, head.head * D, head.n, D);
}

}  // namespace

template <class T>
void attention_head_forward(Out<T> z, Out<T> scores, Out<T> pattern, In<T> q, In<T> k, In<T> v) {
  head_scores<T>(scores, q, k);
  head_pattern<T>(pattern, scores);
  head_values<T>(z, pattern, v);
}

template <class T>
void attention_head_backward(Out<T> dq, Out<T> dk, Out<T> dv, Out<T> dscores, Out<T> dpattern, In<T> dz,
                             In<T> pattern, In<T> q, In<T> k, In<T> v) {
  const T scale = T(1) / std::sqrt(static_cast<T>(q.cols()));
  // 3 forward: z = pattern v
  multiply_abt<T>(dpattern, dz, v);  // dpattern = dz vᵀ
  multiply_atb<T>(dv, pattern, dz);  // dv = patternᵀ dz
  // 2 forward: pattern = softmax(scores); where a key is not seen, pattern is 0 and so dscores
  // stays 0
  const auto count = static_cast<std::size_t>(k.rows());
  for (Index i = 0; i < q.rows(); ++i) {
    softmax_backward<T>({dscores.row(i).data(), count}, {dpattern.row(i).data(), count},
                        {pattern.row(i).data(), count});
  }
  // 1 forward: scores = scale q kᵀ
  multiply<T>(dq, dscores, k, scale);      // dq = scale dscores k
  multiply_atb<T>(dk, dscores, q, scale);  // dk = scale dscoresᵀ q
}

Index PatternLayout::size() const {
  Index total = 0;
  each_document([&](std::size_t /*d*/, Index /*begin*/, Index n, Index /*at*/) { total += n_head * n * n; });
  return total;
}

Index PatternLayout::room() const {
  return size() + 3 * n_head * (offsets.back() - offsets.front())
         + 16 * (static_cast<Index>(offsets.size()) - 1);
}

template <class T>
void attention_forward(Out<T> z, std::span<T> scores, std::span<T> pattern, In<T> q, In<T> k, In<T> v,
                       const PatternLayout& layout) {
  layout.each_head([&](const PatternLayout::HeadMatrix& head) {
    const auto own = [&](auto& m) { return own_part(m, head, layout); };
    attention_head_forward<T>(own(z), View<T>(&scores[head.at], head.n, head.n),
                              View<T>(&pattern[head.at], head.n, head.n), own(q), own(k), own(v));
  });
}

template <class T>
void attention_scores(std::span<T> scores, In<T> q, In<T> k, const PatternLayout& layout) {
  layout.each_head([&](const PatternLayout::HeadMatrix& head) {
    head_scores<T>(View<T>(&scores[head.at], head.n, head.n), own_part(q, head, layout),
                   own_part(k, head, layout));
  });
}

template <class T>
void attention_pattern(std::span<T> pattern, std::span<const T> scores, const PatternLayout& layout) {
  layout.each_head([&](const PatternLayout::HeadMatrix& head) {
    head_pattern<T>(View<T>(&pattern[head.at], head.n, head.n),
                    ConstView<T>(&scores[head.at], head.n, head.n));
  });
}

template <class T>
void attention_values(Out<T> z, std::span<const T> pattern, In<T> v, const PatternLayout& layout) {
  layout.each_head([&](const PatternLayout::HeadMatrix& head) {
    head_values<T>(own_part(z, head, layout), ConstView<T>(&pattern[head.at], head.n, head.n),
                   own_part(v, head, layout));
  });
}

template <class T>
void attention_backward(Out<T> dq, Out<T> dk, Out<T> dv, std::span<T> dscores, std::span<T> dpattern,
                        In<T> dz, std::span<const T> pattern, In<T> q, In<T> k, In<T> v,
                        const PatternLayout& layout) {
  layout.each_head([&](const PatternLayout::HeadMatrix& head) {
    const auto own = [&](auto& m) { return own_part(m, head, layout); };
    attention_head_backward<T>(own(dq), own(dk), own(dv), View<T>(&dscores[head.at], head.n, head.n),
                               View<T>(&dpattern[head.at], head.n, head.n), own(dz),
                               ConstView<T>(&pattern[head.at], head.n, head.n), own(q), own(k), own(v));
  });
}

#define MICROGPT_INSTANTIATE(T)                                                                         \
  template void attention_head_forward<T>(Out<T>, Out<T>, Out<T>, In<T>, In<T>, In<T>);                 \
  template void attention_head_backward<T>(Out<T>, Out<T>, Out<T>, Out<T>, Out<T>, In<T>, In<T>, In<T>, \
                                           In<T>, In<T>);                                               \
  template void attention_forward<T>(Out<T>, std::span<T>, std::span<T>, In<T>, In<T>, In<T>,           \
                                     const PatternLayout&);                                             \
  template void attention_scores<T>(std::span<T>, In<T>, In<T>, const PatternLayout&);                  \
  template void attention_pattern<T>(std::span<T>, std::span<const T>, const PatternLayout&);           \
  template void attention_values<T>(Out<T>, std::span<const T>, In<T>, const PatternLayout&);           \
  template void attention_backward<T>(Out<T>, Out<T>, Out<T>, std::span<T>, std::span<T>, In<T>,        \
                                      std::span<const T>, In<T>, In<T>, In<T>, const PatternLayout&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
