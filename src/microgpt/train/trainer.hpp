// The training loop's body: one step takes the next documents, their loss and gradient, and one
// update of the weights.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/config.hpp"
#include "microgpt/train/optimizer.hpp"
#include "microgpt/train/shards.hpp"
#include "microgpt/train/train_state.hpp"

namespace microgpt {

/// Whether a run puts aside a copy of weights and moments that is known to be good, to fall back on: not of large models,
/// whose every number counts.
inline bool is_put_aside(const ModelConfig& model) {
  return !is_large(model);
}

/// About how many numbers a run keeps in memory: weights and moments, a copy of these, gradients, and activations and
/// their gradients.
template <class T>
double numbers_in_memory(const ModelConfig& model, const TrainConfig& config, int threads);

/// What one step tells.
struct StepReport {
  int step = 0;     ///< steps done, this one included
  double loss = 0;  ///< of this step's documents, before its update
  double learning_rate = 0;
  double grad_norm = 0;       ///< of the whole gradient, before clipping; only when clipping is on
  std::size_t positions = 0;  ///< characters predicted
};

template <class T>
class Trainer {
 public:
  /// Step s takes examples s·B ... s·B + B - 1, counted round and round (microgpt.py: docs[step %
  /// len(docs)]). The references must outlive the trainer; there must be at least one example. `seed` is for dropout,
  /// whose masks it fixes.
  Trainer(const ModelConfig& model, const TrainConfig& config, const Tokenizer& tokenizer,
          const Examples& examples, TrainState<T>& state, int threads, std::uint64_t seed = 0);

  /// One step. Throws Error (numeric) if a number became NaN or infinite, naming the first tensor that
  /// holds one, the step and the documents. The state is as it was before the step if it showed in the loss,
  /// or in the gradient where that is clipped; otherwise parts of it are updated, and it is of no more use.
  /// `before_update`, if there is one, is called once the loss and the gradient of the weights as they are are known to
  /// be finite; the step then comes to the same numbers in two passes over the gradient.
  StepReport step(const std::function<void()>& before_update = {});

  /// Mean over all positions of all the examples, of which there must be one, in nats a character. Training
  /// is not touched. Throws as step() does if the loss is not a finite number.
  double evaluate(const Examples& examples);

 private:
  /// Of the last gradient. Not a finite number if one of its numbers is none.
  double gradient_norm();
  /// What to throw when the documents of the batch, in this step, came upon `found`.
  [[nodiscard]] Error breakdown(int step, const std::string& found) const;
  /// Throws it, before the update is done: with the first tensor of the forward pass, or else of the
  /// gradient, or else just the sign it was noticed by.
  [[noreturn]] void break_down(const std::string& sign, const std::string& in_gradient) const;

  const TrainConfig& config_;
  const std::uint64_t seed_;
  const Examples& examples_;
  TrainState<T>& state_;
  ThreadTeam team_;
  Shards<T> shards_;
  Optimizer<T> optimizer_;
  std::vector<Example> batch_;         // scratch
  std::vector<double> slice_squares_;  // scratch: Σ g² of each slice
};

}  // namespace microgpt
