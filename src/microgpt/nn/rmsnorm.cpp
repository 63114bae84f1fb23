#include "microgpt/nn/rmsnorm.hpp"

#include <cmath>

namespace microgpt {

template <class T>
void rmsnorm_forward(Out<T> y, Out<T> r, In<T> x) {
  for (Index p = 0; p < x.rows(); ++p) {
    const T mean_square = x.row(p).squaredNorm() / static_cast<T>(x.cols());
    r(p, 0) = T(1) / std::sqrt(mean_square + static_cast<T>(kRmsNormEpsilon));
    y.row(p) = r(p, 0) * x.row(p);
  }
}

template <class T>
void rmsnorm_backward(Out<T> dx, In<T> dy, In<T> x, In<T> r) {
  for (Index p = 0; p < x.rows(); ++p) {
    // forward: y = r x,   and dr/dx = -r³ x / C,   so   dx += r dy - r³ mean(dy ∘ x) x
    const T mean = dy.row(p).dot(x.row(p)) / static_cast<T>(x.cols());
    const T scale = r(p, 0);
    dx.row(p) += scale * dy.row(p) - (scale * scale * scale * mean) * x.row(p);
  }
}

#define MICROGPT_INSTANTIATE(T)                            \
  template void rmsnorm_forward<T>(Out<T>, Out<T>, In<T>); \
  template void rmsnorm_backward<T>(Out<T>, In<T>, In<T>, In<T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
