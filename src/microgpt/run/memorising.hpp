// Whether a model learns its training text by heart instead of what such texts have in common.
#pragma once

#include <algorithm>
#include <optional>

#include "microgpt/run/metrics.hpp"

namespace microgpt {

/// It does where the held-out loss is clearly above its lowest at two evaluations in a row, while the training loss
/// is below what it was then; or where the model knows its training text and does worse than guessing on the other.
/// Clearly: by 0.1 nats per character and by 5 %, which is more than the noise of a sound run.
class Memorising {
 public:
  /// `guessing`: the loss of a model that knows nothing.
  explicit Memorising(double guessing) : guessing_(guessing) {}

  /// The next evaluation, and the mean training loss of the steps before it.
  void add(const MeasuredLoss& held_out, double training) {
    if (!best_ || held_out.loss < best_->loss) {
      best_ = held_out;
      training_at_best_ = training;
    }
    const bool rises = is_clearly_above(held_out.loss, best_->loss) && training < training_at_best_;
    rising_ = rises ? rising_ + 1 : 0;
    beyond_guessing_ = is_clearly_above(held_out.loss, guessing_) && is_clearly_above(guessing_, training);
  }

  /// As of the last evaluation.
  [[nodiscard]] bool found() const { return rising_ >= 2 || beyond_guessing_; }
  [[nodiscard]] double guessing() const { return guessing_; }

 private:
  static bool is_clearly_above(double loss, double other) {
    return loss > other + std::max(0.1, 0.05 * other);
  }

  double guessing_;
  std::optional<MeasuredLoss> best_{};
  double training_at_best_ = 0;
  int rising_ = 0;  // evaluations in a row
  bool beyond_guessing_ = false;
};

}  // namespace microgpt
