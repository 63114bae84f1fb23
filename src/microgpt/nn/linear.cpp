#include "microgpt/nn/linear.hpp"

#include "microgpt/nn/product.hpp"

namespace microgpt {

template <class T>
void linear_forward(Out<T> y, In<T> x, In<T> w) {
  multiply_abt<T>(y, x, w);  // y = x Wᵀ
}

template <class T>
void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w) {
  // forward: y = x Wᵀ
  multiply<T>(dx, dy, w);  // dx = dy W
  add_atb<T>(dw, dy, x);   // dW += dyᵀ x
}

#define MICROGPT_INSTANTIATE(T)                          \
  template void linear_forward<T>(Out<T>, In<T>, In<T>); \
  template void linear_backward<T>(Out<T>, Out<T>, In<T>, In<T>, In<T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
