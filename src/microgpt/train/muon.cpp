#include "microgpt/train/muon.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "microgpt/nn/fast/forms.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

/// |x|², in a fixed pattern of 16 partial sums.
template <class T>
double sum_of_squares(std::span<const T> x) {
  constexpr std::size_t kSums = 16;
  double sums[kSums] = {};
  std::size_t i = 0;
  for (; i + kSums <= x.size(); i += kSums) {
    for (std::size_t s = 0; s < kSums; ++s) {
      const auto number = static_cast<double>(x[i + s]);
      sums[s] += number * number;
    }
  }
  for (std::size_t s = 0; i < x.size(); ++i, ++s)
    sums[s] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  for (std::size_t half = kSums / 2; half > 0; half /= 2) {
    for (std::size_t s = 0; s < half; ++s) sums[s] += sums[s + half];
  }
  return sums[0];
}

/// Momentum below this becomes 0, as in train/adam.cpp.
template <class T>
constexpr T kTiny = sizeof(T) == 4 ? T(1e-32) : T(1e-300);

/// The two lines of momentum; U goes to x.
template <class T>
void look_ahead(View<T> m, ConstView<T> g, T momentum, T scale, bool transposed, T* x) {
  for (Index row = 0; row < m.rows(); ++row) {
    for (Index col = 0; col < m.cols(); ++col) {
      const T fresh = (1 - momentum) * (scale * g(row, col));
      T& mean = m(row, col);
      mean = momentum * mean + fresh;
      if (std::abs(mean) < kTiny<T>) mean = 0;
      x[transposed ? col * m.rows() + row : row * m.cols() + col] = momentum * mean + fresh;
    }
  }
}

/// x (rows, cols) becomes a x + (b A + c A²) x with A = x xᵀ; next, gram and polynomial are memory for it.
template <class T>
void newton_schulz(Arena<T>& x, Arena<T>& next, Index rows, Index cols, T* gram, T* polynomial) {
  constexpr T a = T(3.4445), b = T(-4.7750), c = T(2.0315);
  const auto& multiply = fast::arithmetic<T>().matmul;
  multiply(rows, rows, cols, {x.data(), cols, 1}, {x.data(), 1, cols}, gram, rows, false);
  multiply(rows, rows, rows, {gram, rows, 1}, {gram, rows, 1}, polynomial, rows, false);
  for (Index i = 0; i < rows * rows; ++i) polynomial[i] = b * gram[i] + c * polynomial[i];
  for (Index i = 0; i < rows * cols; ++i)
    next[static_cast<std::size_t>(i)] = a * x[static_cast<std::size_t>(i)];
  multiply(rows, cols, rows, {polynomial, rows, 1}, {x.data(), cols, 1}, next.data(), cols, true);
  std::swap(x, next);
}

}  // namespace

template <class T>
MuonScratch<T>::MuonScratch(Index n_embd)
    : x_(static_cast<std::size_t>(4 * n_embd * n_embd)),
      next_(x_.size()),
      a_(static_cast<std::size_t>(n_embd * n_embd)),
      b_(a_.size()) {}

template <class T>
void muon_update(View<T> w, View<T> m, ConstView<T> g, const TrainConfig& config, int step, T scale,
                 MuonScratch<T>& scratch) {
  const bool transposed = w.rows() > w.cols();
  const Index rows = std::min(w.rows(), w.cols());
  const Index cols = std::max(w.rows(), w.cols());
  look_ahead<T>(m, g, static_cast<T>(config.muon_momentum), scale, transposed, scratch.x_.data());

  const std::span<T> x(scratch.x_.data(), static_cast<std::size_t>(rows * cols));
  const auto shrink = static_cast<T>(1 / (std::sqrt(sum_of_squares<T>(x)) + 1e-7));
  for (T& number : x) number *= shrink;
  for (int i = 0; i < config.muon_iterations; ++i) {
    newton_schulz<T>(scratch.x_, scratch.next_, rows, cols, scratch.a_.data(), scratch.b_.data());
  }

  const double lr = learning_rate(config, step, config.muon_learning_rate);
  const auto keep = static_cast<T>(1 - lr * config.weight_decay);
  const auto length = static_cast<T>(
      lr * std::sqrt(std::max(1.0, static_cast<double>(w.rows()) / static_cast<double>(w.cols()))));
  const T* direction = scratch.x_.data();
  for (Index row = 0; row < w.rows(); ++row) {
    for (Index col = 0; col < w.cols(); ++col) {
      const T turn = direction[transposed ? col * w.rows() + row : row * w.cols() + col];
      w(row, col) = keep * w(row, col) - length * turn;
    }
  }
}

#define MICROGPT_INSTANTIATE(T)  \
  template class MuonScratch<T>; \
  template void muon_update<T>(View<T>, View<T>, ConstView<T>, const TrainConfig&, int, T, MuonScratch<T>&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
