// From matrices to raw numbers, and to the form in use.
#include "microgpt/nn/fast/kernels.hpp"

#include "microgpt/nn/fast/forms.hpp"

namespace microgpt::fast {

namespace {

template <class T>
Strided<T> plain(In<T> a) {
  return {a.data(), a.outerStride(), 1};
}
template <class T>
Strided<T> transposed(In<T> a) {
  return {a.data(), 1, a.outerStride()};
}

Rows<const float> rows(In<float> m) {
  return {m.data(), m.rows(), m.cols(), m.outerStride()};
}
Rows<float> rows(Out<float>& m) {
  return {m.data(), m.rows(), m.cols(), m.outerStride()};
}

Documents documents(const PatternLayout& layout) {
  return {layout.offsets.data(), static_cast<Size>(layout.offsets.size()) - 1, layout.n_head, layout.part,
          layout.parts};
}

}  // namespace

template <class T>
void linear_forward(Out<T> y, In<T> x, In<T> w) {
  if constexpr (std::is_same_v<T, float>) {
    if (x.rows() < 3) {
      // Too few rows to pay for transposing the weights.
      for (Index p = 0; p < x.rows(); ++p) {
        for (Index o = 0; o < w.rows(); ++o)
          y(p, o) = form().layers.dot(x.row(p).data(), w.row(o).data(), w.cols());
      }
      return;
    }
  }
  arithmetic<T>().matmul(x.rows(), w.rows(), w.cols(), plain<T>(x), transposed<T>(w), y.data(),
                         y.outerStride(), false);
}

template <class T>
void linear_input_gradient(Out<T> dx, In<T> dy, In<T> w) {
  arithmetic<T>().matmul(dx.rows(), w.cols(), w.rows(), plain<T>(dy), plain<T>(w), dx.data(),
                         dx.outerStride(), false);
}

template <class T>
void linear_weight_gradient(Out<T> dw, In<T> dy, In<T> x) {
  arithmetic<T>().matmul(dw.rows(), dw.cols(), dy.rows(), transposed<T>(dy), plain<T>(x), dw.data(),
                         dw.outerStride(), true);
}

template <class T>
void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w) {
  linear_input_gradient<T>(dx, dy, w);
  linear_weight_gradient<T>(dw, dy, x);
}

template <class T>
void dropout(Out<T> x, const DropoutMask& mask) {
  const auto scale = static_cast<T>(1 / (1 - mask.rate));
  for (Index row = 0; row < x.rows(); ++row) {
    arithmetic<T>().dropout(x.row(row).data(), x.cols(), mask.row_key(row), mask.threshold(), scale);
  }
}

#define MICROGPT_INSTANTIATE(T)                                          \
  template void linear_forward<T>(Out<T>, In<T>, In<T>);                 \
  template void linear_backward<T>(Out<T>, Out<T>, In<T>, In<T>, In<T>); \
  template void linear_input_gradient<T>(Out<T>, In<T>, In<T>);          \
  template void linear_weight_gradient<T>(Out<T>, In<T>, In<T>);         \
  template void dropout<T>(Out<T>, const DropoutMask&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

void row_product(Index N, Index K, const float* x, const float* b, Index b_step, float* y) {
  form().layers.row_product(N, K, x, b, b_step, y);
}

void embedding_forward(Out<float> x, std::span<const int> token, std::span<const int> position, In<float> wte,
                       In<float> wpe) {
  form().layers.embedding_forward(rows(x), token.data(), position.data(), rows(wte), rows(wpe));
}

void embedding_backward(Out<float> dwte, Out<float> dwpe, In<float> dx, std::span<const int> token,
                        std::span<const int> position) {
  const auto add = form().single.add;
  for (Index p = 0; p < dx.rows(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    add(dwte.row(token[i]).data(), dx.row(p).data(), dx.cols());
    add(dwpe.row(position[i]).data(), dx.row(p).data(), dx.cols());
  }
}

void residual_forward(Out<float> y, In<float> x, In<float> f) {
  form().layers.residual_forward(rows(y), rows(x), rows(f));
}

void rmsnorm_forward(Out<float> y, Out<float> r, In<float> x) {
  form().layers.rmsnorm_forward(rows(y), r.data(), rows(x));
}

void rmsnorm_backward(Out<float> dx, In<float> dy, In<float> x, In<float> r) {
  form().layers.rmsnorm_backward(rows(dx), rows(dy), rows(x), r.data());
}

void activation_forward(Out<float> y, In<float> x, Activation kind) {
  form().layers.activation_forward(rows(y), rows(x), kind == Activation::relu2);
}

void activation_backward(Out<float> dx, In<float> dy, In<float> x, Activation kind) {
  form().layers.activation_backward(rows(dx), rows(dy), rows(x), kind == Activation::relu2);
}

void attention_forward(Out<float> z, std::span<float> /*scores*/, std::span<float> pattern, In<float> q,
                       In<float> k, In<float> v, const PatternLayout& layout) {
  form().layers.attention_forward(rows(z), pattern.data(), rows(q), rows(k), rows(v), documents(layout));
}

void attention_backward(Out<float> dq, Out<float> dk, Out<float> dv, std::span<float> dscores,
                        std::span<float> /*dpattern*/, In<float> dz, std::span<const float> pattern,
                        In<float> q, In<float> k, In<float> v, const PatternLayout& layout) {
  form().layers.attention_backward(rows(dq), rows(dk), rows(dv), dscores.data(), rows(dz), pattern.data(),
                                   rows(q), rows(k), rows(v), documents(layout));
}

void softmax_forward(std::span<float> y, std::span<const float> x) {
  form().layers.softmax(y.data(), x.data(), static_cast<Size>(x.size()));
}

void cross_entropy_forward(Out<float> probs, Out<float> nll, In<float> logits, std::span<const int> target) {
  form().layers.cross_entropy_forward(rows(probs), nll.data(), rows(logits), target.data());
}

void cross_entropy_backward(Out<float> dlogits, In<float> probs, std::span<const int> target,
                            std::span<const float> weight) {
  form().layers.cross_entropy_backward(rows(dlogits), rows(probs), target.data(), weight.data());
}

}  // namespace microgpt::fast
