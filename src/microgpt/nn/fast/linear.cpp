#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/fast/matmul.hpp"
#include "microgpt/nn/fast/rows.hpp"

namespace microgpt::fast {

namespace {

Strided plain(In<float> a) {
  return {a.data(), a.outerStride(), 1};
}
Strided transposed(In<float> a) {
  return {a.data(), 1, a.outerStride()};
}

}  // namespace

void linear_forward(Out<float> y, In<float> x, In<float> w) {
  if (x.rows() < 3) {
    // Too few rows to pay for turning the weights round.
    for (Index p = 0; p < x.rows(); ++p) {
      for (Index o = 0; o < w.rows(); ++o) y(p, o) = dot(at(x, p, 0), at(w, o, 0), w.cols());
    }
    return;
  }
  matmul(x.rows(), w.rows(), w.cols(), plain(x), transposed(w), y.data(), y.outerStride(), false);
}

void linear_input_gradient(Out<float> dx, In<float> dy, In<float> w) {
  matmul(dx.rows(), w.cols(), w.rows(), plain(dy), plain(w), dx.data(), dx.outerStride(), false);
}

void linear_weight_gradient(Out<float> dw, In<float> dy, In<float> x) {
  matmul(dw.rows(), dw.cols(), dy.rows(), transposed(dy), plain(x), dw.data(), dw.outerStride(), true);
}

void linear_backward(Out<float> dx, Out<float> dw, In<float> dy, In<float> x, In<float> w) {
  linear_input_gradient(dx, dy, w);
  linear_weight_gradient(dw, dy, x);
}

}  // namespace microgpt::fast
