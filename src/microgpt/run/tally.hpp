// The figures that tell how a run is doing: the mean of its last losses, since one step's loss is noise, and its speed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace microgpt {

class Tally {
 public:
  static constexpr std::size_t kWindow = 100;  ///< losses that are averaged

  /// A loss that counts for the mean.
  void add_loss(double loss) {
    if (window_.size() < kWindow) {
      window_.push_back(loss);
    } else {
      window_[next_] = loss;
      next_ = (next_ + 1) % kWindow;
    }
  }

  /// A step.
  void add(std::size_t characters) {
    characters_ += characters;
    ++steps_;
  }

  /// Of the last mean_steps() losses, in nats per character; 0 if there was none.
  [[nodiscard]] double mean_loss() const {
    double sum = 0;
    for (const double loss : window_) sum += loss;
    return window_.empty() ? 0 : sum / static_cast<double>(window_.size());
  }
  [[nodiscard]] std::size_t mean_steps() const { return window_.size(); }

  /// Since the first call of start().
  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] double seconds() const {
    return started_ ? std::chrono::duration<double>(Clock::now() - start_).count() : 0;
  }
  [[nodiscard]] double characters_per_second() const {
    return static_cast<double>(characters_) / std::max(seconds(), 1e-9);
  }

  void start() {
    if (started_) return;
    started_ = true;
    start_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::vector<double> window_;  // a ring once it is full
  std::size_t next_ = 0;
  std::size_t characters_ = 0;
  int steps_ = 0;
  bool started_ = false;
  Clock::time_point start_{};
};

}  // namespace microgpt
