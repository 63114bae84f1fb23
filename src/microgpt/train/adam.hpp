// Adam with bias correction (Kingma & Ba 2015; microgpt.py, "Let there be Adam") and decoupled
// weight decay (Loshchilov & Hutter 2019):
//
//   m = β1 m + (1 - β1) g          m̂ = m / (1 - β1^(s+1))
//   v = β2 v + (1 - β2) g²         v̂ = v / (1 - β2^(s+1))
//   w = w - lr (m̂ / (sqrt(v̂) + ε) + λ w)
#pragma once

#include <algorithm>
#include <span>

#include "microgpt/train/config.hpp"

namespace microgpt {

/// What the gradient is multiplied by so that its norm is at most config.grad_clip: 1 where it is, or clipping is off.
inline double clip_scale(const TrainConfig& config, double norm) {
  return config.grad_clip > 0 ? std::min(1.0, config.grad_clip / norm) : 1.0;
}

/// One update of equally long stretches of weights w, moments m and v, and gradient g; `step`
/// counts from 0. `scale` multiplies the gradient first (gradient clipping). Moments that hold `earlier_steps` updates
/// already, of a model's former training, need less correction: s + 1 + earlier_steps stands for s + 1. Every element is
/// on its own, so stretches may be cut and shared among threads at will.
template <class T>
void adam_update(std::span<T> w, std::span<T> m, std::span<T> v, std::span<const T> g,
                 const TrainConfig& config, int step, T scale, int earlier_steps = 0);

}  // namespace microgpt
