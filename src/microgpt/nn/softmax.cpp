#include "microgpt/nn/softmax.hpp"

#include <cmath>

#include "microgpt/nn/exp.hpp"

namespace microgpt {

namespace {

template <class T>
using Row = Eigen::Map<Eigen::Array<T, 1, Eigen::Dynamic>>;
template <class T>
using ConstRow = Eigen::Map<const Eigen::Array<T, 1, Eigen::Dynamic>>;

}  // namespace

template <class T>
T softmax_forward(std::span<T> y, std::span<const T> x) {
  const auto n = static_cast<Index>(x.size());
  const T m = ConstRow<T>(x.data(), n).maxCoeff();
  T total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += y[i] = exponential(x[i] - m);
  Row<T>(y.data(), n) *= T(1) / total;
  return m + std::log(total);
}

template <class T>
void softmax_backward(std::span<T> dx, std::span<const T> dy, std::span<const T> y) {
  const auto n = static_cast<Index>(y.size());
  const ConstRow<T> y_row(y.data(), n);
  const ConstRow<T> dy_row(dy.data(), n);
  // forward: y_i = exp(x_i - m) / Σ_j exp(x_j - m),   and dy_i/dx_j = y_i (δ_ij - y_j)
  const T dot = (y_row * dy_row).sum();
  Row<T>(dx.data(), n) = y_row * (dy_row - dot);
}

#define MICROGPT_INSTANTIATE(T)                                    \
  template T softmax_forward<T>(std::span<T>, std::span<const T>); \
  template void softmax_backward<T>(std::span<T>, std::span<const T>, std::span<const T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
