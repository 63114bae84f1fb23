// When to stop for want of progress on held-out text (Prechelt 1998).
#pragma once

#include <optional>

namespace microgpt {

class EarlyStopping {
 public:
  /// Stops after `patience` evaluations in a row that were no better than the best before them; 0: never.
  explicit EarlyStopping(int patience) : patience_(patience) {}

  /// Takes up the loss of the next evaluation.
  void add(double loss) {
    if (!best_ || loss < *best_) {
      best_ = loss;
      since_ = 0;
    } else {
      ++since_;
    }
  }

  /// Patience for as many evaluations again, by the same best.
  void start_anew() { since_ = 0; }

  [[nodiscard]] bool over() const { return patience_ > 0 && since_ >= patience_; }

 private:
  int patience_;
  int since_ = 0;  // evaluations after the best one
  std::optional<double> best_;
};

}  // namespace microgpt
