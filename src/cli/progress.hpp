// The progress of a training run on standard output: on a terminal one line that renews itself, in a pipe about twenty
// plain ones, and more of them by the clock where steps are slow.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/line_clock.hpp"
#include "microgpt/run/session.hpp"

namespace microgpt::cli {

class Progress {
 public:
  /// The session must outlive it.
  Progress(const Session& session, bool quiet);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void operator()(const StepDone& done);
  /// Removes the live line, to make room for other words.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::string line(int step) const;
  [[nodiscard]] bool due(int step);
  void print(const std::string& words);
  void tell_of_memorising(const StepDone& done);
  static void renew(const std::string& line);

  const Session& session_;
  int first_step_;
  bool quiet_;
  bool live_;
  LineClock log_;
  Clock::time_point shown_{};
  std::optional<double> held_out_;  // in a pipe: if it is new
  bool told_ = false;               // of memorising
};

}  // namespace microgpt::cli
