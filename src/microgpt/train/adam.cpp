#include "microgpt/train/adam.hpp"

#include <cmath>

#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

// Numbers next to nothing become 0. Moments of weights that get no gradient for long (a rare character, a
// late position) decay towards the numbers too small for full precision, and would stay among them, where
// most processors work fifty times as slowly; squares of tiny gradients are among them at once. The borders
// are far enough above those that products with the learning rate stay above them too; next to ε, what is
// below is nothing.
template <class T>
T flush(T value, T border) {
  return std::abs(value) < border ? T(0) : value;
}
template <class T>
constexpr T kTinyMoment = sizeof(T) == 4 ? T(1e-32) : T(1e-300);

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
  const T tiny_gradient = T(1e-9) * epsilon;
  const T keep = static_cast<T>(1 - lr * config.weight_decay);
  for (std::size_t i = 0; i < w.size(); ++i) {
    const T gi = flush(scale * g[i], tiny_gradient);
    m[i] = flush(beta1 * m[i] + (1 - beta1) * gi, kTinyMoment<T>);
    v[i] = flush(beta2 * v[i] + (1 - beta2) * gi * gi, kTinyMoment<T>);
    w[i] = keep * w[i] - lr_m * m[i] / (std::sqrt(v_correction * v[i]) + epsilon);
  }
}

template void adam_update<float>(std::span<float>, std::span<float>, std::span<float>, std::span<const float>,
                                 const TrainConfig&, int, float);
template void adam_update<double>(std::span<double>, std::span<double>, std::span<double>,
                                  std::span<const double>, const TrainConfig&, int, double);

}  // namespace microgpt
