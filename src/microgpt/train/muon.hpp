// Muon (Jordan et al. 2024): momentum whose every direction is given the same length. For a matrix W (O, I):
//
//   M = μ M + (1 - μ) G                    μ: muon_momentum
//   U = μ M + (1 - μ) G                    Nesterov's look ahead
//   X = U / |U|                            so that no singular value is above 1
//   K times:  A = X Xᵀ;  X = a X + (b A + c A²) X          Newton and Schulz: all singular values go to about 1
//   W = (1 - lr λ) W - lr √max(1, O / I) X
//
// With a = 3.4445, b = -4.7750, c = 2.0315 small singular values grow fast, and all end between about 0.7 and 1.2. A
// matrix that is taller than wide is worked transposed, which makes A as small as can be.
#pragma once

#include <vector>

#include "microgpt/base/matrix.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt {

/// The memory that an update needs, of matrices up to (O, I) = (4C, C).
template <class T>
class MuonScratch {
 public:
  explicit MuonScratch(Index n_embd);

 private:
  template <class U>
  friend void muon_update(View<U>, View<U>, ConstView<U>, const TrainConfig&, int, U, MuonScratch<U>&);

  Arena<T> x_, next_;  // X, and what it becomes
  Arena<T> a_, b_;     // A, and b A + c A²
};

/// One update of a matrix w with its momentum m, by its gradient g; `step` counts from 0. `scale` multiplies the gradient
/// first (gradient clipping).
template <class T>
void muon_update(View<T> w, View<T> m, ConstView<T> g, const TrainConfig& config, int step, T scale,
                 MuonScratch<T>& scratch);

}  // namespace microgpt
