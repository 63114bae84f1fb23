#include "microgpt/nn/linear.hpp"

namespace microgpt {

template <class T>
void linear_forward(Out<T> y, In<T> x, In<T> w) {
  y.noalias() = x * w.transpose();
}

template <class T>
void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w) {
  // forward: y = x Wᵀ
  dx.noalias() = dy * w;
  dw.noalias() += dy.transpose() * x;
}

#define MICROGPT_INSTANTIATE(T)                          \
  template void linear_forward<T>(Out<T>, In<T>, In<T>); \
  template void linear_backward<T>(Out<T>, Out<T>, In<T>, In<T>, In<T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
