#include "microgpt/train/adam.hpp"

#include <cmath>

#include "microgpt/nn/fast/forms.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt {

template <class T>
void adam_update(std::span<T> w, std::span<T> m, std::span<T> v, std::span<const T> g,
                 const TrainConfig& config, int step, T scale, int earlier_steps) {
  const double lr = learning_rate(config, step);
  const double updates = static_cast<double>(step) + 1 + earlier_steps;
  const auto epsilon = static_cast<T>(config.epsilon);  // the loop over the weights: nn/fast/form/update.hpp
  // Numbers next to nothing become 0. Moments of weights that get no gradient for long (a rare character, a late
  // position) decay towards the numbers too small for full precision, and would stay among them, where most processors
  // work fifty times as slowly; squares of tiny gradients are among them at once. The borders are far enough above those
  // that products with the learning rate stay above them too; next to ε, what is below is nothing.
  const fast::AdamStep<T> adam = {.scale = scale,
                                  .beta1 = static_cast<T>(config.beta1),
                                  .beta2 = static_cast<T>(config.beta2),
                                  .rate = static_cast<T>(lr / (1 - std::pow(config.beta1, updates))),
                                  .correction = static_cast<T>(1 / (1 - std::pow(config.beta2, updates))),
                                  .epsilon = epsilon,
                                  .keep = static_cast<T>(1 - lr * config.weight_decay),
                                  .tiny_gradient = T(1e-9) * epsilon,
                                  .tiny_moment = sizeof(T) == 4 ? T(1e-32) : T(1e-300)};
  fast::arithmetic<T>().adam(w.data(), m.data(), v.data(), g.data(), static_cast<fast::Size>(w.size()), adam);
}

template void adam_update<float>(std::span<float>, std::span<float>, std::span<float>, std::span<const float>,
                                 const TrainConfig&, int, float, int);
template void adam_update<double>(std::span<double>, std::span<double>, std::span<double>,
                                  std::span<const double>, const TrainConfig&, int, double, int);

}  // namespace microgpt
