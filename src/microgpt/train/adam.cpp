#include "microgpt/train/adam.hpp"

#include <cmath>
#include <limits>

#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

/// Numbers too small for full precision become 0. Moments of weights that get no gradient for long (a rare
/// character, a late position) decay into that range and would stay in it, where most processors work fifty
/// times as slowly; next to ε they are nothing.
template <class T>
T flush(T value) {
  return std::abs(value) < std::numeric_limits<T>::min() ? T(0) : value;
}

}  // namespace

template <class T>
void adam_update(std::span<T> w, std::span<T> m, std::span<T> v, std::span<const T> g,
                 const TrainConfig& config, int step, T scale) {
  const double lr = learning_rate(config, step);
  const T beta1 = static_cast<T>(config.beta1);
  const T beta2 = static_cast<T>(config.beta2);
  const T lr_m = static_cast<T>(lr / (1 - std::pow(config.beta1, step + 1)));
  const T v_correction = static_cast<T>(1 / (1 - std::pow(config.beta2, step + 1)));
  const T epsilon = static_cast<T>(config.epsilon);
  const T keep = static_cast<T>(1 - lr * config.weight_decay);
  for (std::size_t i = 0; i < w.size(); ++i) {
    const T gi = scale * g[i];
    m[i] = flush(beta1 * m[i] + (1 - beta1) * gi);
    v[i] = flush(beta2 * v[i] + (1 - beta2) * gi * gi);
    w[i] = keep * w[i] - lr_m * m[i] / (std::sqrt(v_correction * v[i]) + epsilon);
  }
}

template void adam_update<float>(std::span<float>, std::span<float>, std::span<float>, std::span<const float>,
                                 const TrainConfig&, int, float);
template void adam_update<double>(std::span<double>, std::span<double>, std::span<double>,
                                  std::span<const double>, const TrainConfig&, int, double);

}  // namespace microgpt
