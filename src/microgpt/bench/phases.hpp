// Where the time of a training step goes.
#pragma once

#include <array>

#include "microgpt/bench/settings.hpp"

namespace microgpt {

enum class Phase {
  embed,
  norms,  ///< with the residual additions
  linear_forward,
  attention,
  activation,
  loss,
  linear_backward,   ///< gradients of the products' inputs
  weight_gradients,  ///< and of their weights
  adam,
  count
};

inline constexpr std::array<const char*, static_cast<std::size_t>(Phase::count)> kPhaseNames = {
    "embed", "norms",           "linear_forward",   "attention", "activation",
    "loss",  "linear_backward", "weight_gradients", "adam"};

/// Seconds of one thread in each phase of a training step, the mean over about `seconds` of steps. The clock
/// is read before and after every operation, which costs a few hundredths more than training itself.
std::array<double, static_cast<std::size_t>(Phase::count)> phase_seconds(const BenchSetting& setting,
                                                                         double seconds);

}  // namespace microgpt
