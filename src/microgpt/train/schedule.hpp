// The learning rate as a function of the step.
#pragma once

#include <cmath>
#include <numbers>

#include "microgpt/train/config.hpp"

namespace microgpt {

/// Learning rate of step s = 0 ... S-1, whose peak is lr:
///
///   warm-up    s < W:       lr · (s + 1) / W
///   constant                lr
///   linear                  lr · (1 - (s - W) / (S - W))                    microgpt.py, latest
///   cosine                  lr · ½ · (1 + cos(π (s - W) / (S - W)))         microgpt.py, course
inline double learning_rate(const TrainConfig& config, int step, double peak) {
  if (step < config.warmup_steps) return peak * (step + 1) / config.warmup_steps;
  const double progress =
      static_cast<double>(step - config.warmup_steps) / (config.steps - config.warmup_steps);
  switch (config.schedule) {
    case Schedule::constant:
      break;
    case Schedule::linear:
      return peak * (1 - progress);
    case Schedule::cosine:
      return peak * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
  return peak;
}
inline double learning_rate(const TrainConfig& config, int step) {
  return learning_rate(config, step, config.learning_rate);
}

}  // namespace microgpt
