// The training loop's body: one step takes the next documents, their loss and gradient, and one
// update of Adam.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/config.hpp"
#include "microgpt/train/lanes.hpp"

namespace microgpt {

/// What training changes: the weights, Adam's moments, and the number of steps done.
template <class T>
struct TrainState {
  Parameters<T> parameters;
  Parameters<T> m;
  Parameters<T> v;
  int step = 0;

  explicit TrainState(const ModelConfig& config) : parameters(config), m(config), v(config) {}
};

/// About how many numbers a run keeps in memory: weights, moments, a gradient a lane, one thread's
/// activations.
double numbers_in_memory(const ModelConfig& model, const TrainConfig& config);

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
  /// len(docs)]). The references must outlive the trainer; there must be at least one example.
  Trainer(const ModelConfig& model, const TrainConfig& config, const Tokenizer& tokenizer,
          const Examples& examples, TrainState<T>& state, int threads);

  /// One step. Throws Error (numeric) and leaves the state as it was if the loss is not a finite
  /// number.
  StepReport step();

  /// Mean over all positions of all the examples, of which there must be one, in nats a character. Training
  /// is not touched.
  double evaluate(const Examples& examples);

 private:
  const TrainConfig& config_;
  const Examples& examples_;
  TrainState<T>& state_;
  ThreadTeam team_;
  Lanes<T> lanes_;
  std::vector<Example> batch_;         // scratch
  std::vector<double> slice_squares_;  // scratch: Σ g² of each slice
};

}  // namespace microgpt
