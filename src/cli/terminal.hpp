// What the program shows on a terminal, and what it says in a pipe instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/text/words.hpp"

namespace microgpt::cli {

/// Text of any origin made safe to print in one line.
std::string one_line(const std::string& text);

/// A word of a command line that a person may copy: as it is, or in quotes if a shell would not take it so.
std::string shell_quoted(const std::string& word);

/// A loss in nats: four digits after the point; in scientific form from a million on.
std::string nats_text(double nats);
/// The same in bits, with three digits.
std::string bits_text(double nats);
/// exp(nats); "above 1e308" where no double holds it.
std::string perplexity_text(double nats);

/// How the program was called, quoted likewise: "build/release/microgpt".
void set_program_name(const std::string& name);
const std::string& program_name();

bool stdout_is_terminal();
/// Columns of the terminal that standard output is, 0 if it is none or does not say.
int terminal_columns();
bool stderr_is_terminal();

/// Bold, if standard output is a terminal that may have colours (NO_COLOR unset, TERM not dumb).
std::string bold(const std::string& text);

/// The progress of a training run on standard output: on a terminal one line that renews itself, in
/// a pipe about twenty plain ones.
class Progress {
 public:
  /// With a budget of seconds above 0 the end is when they are over, not at `steps`.
  Progress(int first_step, int steps, bool quiet, double budget = 0);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(int step, double loss, std::size_t characters);
  void held_out(double loss);
  /// Removes the live line, to make room for other words.
  void finish();

  /// Mean loss of the last 100 steps, or of all if there are fewer: one step's loss is noise.
  [[nodiscard]] double mean_loss() const;
  [[nodiscard]] std::size_t mean_steps() const { return window_.size(); }
  [[nodiscard]] double seconds() const;
  [[nodiscard]] double characters_per_second() const;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kWindow = 100;

  [[nodiscard]] std::string line(int step) const;
  void renew(const std::string& line) const;

  int first_step_;
  int steps_;
  bool quiet_;
  bool live_;
  double budget_;
  int ticks_ = 0;  // twentieths of the budget that were shown
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{};
  std::size_t characters_ = 0;
  std::vector<double> window_;  // the last losses, in a ring
  std::size_t next_ = 0;
  std::optional<double> held_out_;
};

}  // namespace microgpt::cli
