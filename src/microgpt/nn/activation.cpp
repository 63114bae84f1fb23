#include "microgpt/nn/activation.hpp"

namespace microgpt {

template <class T>
void activation_forward(Out<T> y, In<T> x, Activation kind) {
  y = x.unaryExpr([](T v) { return v < T(0) ? T(0) : v; });  // NaN stays NaN
  if (kind == Activation::relu2) y.array() *= y.array();
}

template <class T>
void activation_backward(Out<T> dx, In<T> dy, In<T> x, Activation kind) {
  if (kind == Activation::relu) {
    // forward: y = max(x, 0), whose slope is 1 where x > 0 (at 0 the source says 0)
    dx = (x.array() > T(0)).select(dy.array(), T(0));
  } else {
    // forward: y = max(x, 0)²
    dx = T(2) * x.array().max(T(0)) * dy.array();
  }
}

#define MICROGPT_INSTANTIATE(T)                                   \
  template void activation_forward<T>(Out<T>, In<T>, Activation); \
  template void activation_backward<T>(Out<T>, In<T>, In<T>, Activation);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
