#include "microgpt/nn/product.hpp"

namespace microgpt {

template <class T>
void multiply(Out<T> c, In<T> a, In<T> b, T scale) {
  c.noalias() = (scale * a) * b;
}

template <class T>
void multiply_abt(Out<T> c, In<T> a, In<T> b, T scale) {
  c.noalias() = (scale * a) * b.transpose();
}

template <class T>
void multiply_atb(Out<T> c, In<T> a, In<T> b, T scale) {
  c.noalias() = (scale * a).transpose() * b;
}

template <class T>
void add_atb(Out<T> c, In<T> a, In<T> b) {
  c.noalias() += a.transpose() * b;
}

#define MICROGPT_INSTANTIATE(T)                           \
  template void multiply<T>(Out<T>, In<T>, In<T>, T);     \
  template void multiply_abt<T>(Out<T>, In<T>, In<T>, T); \
  template void multiply_atb<T>(Out<T>, In<T>, In<T>, T); \
  template void add_atb<T>(Out<T>, In<T>, In<T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
