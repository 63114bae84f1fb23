// The options of train, and how they are told on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace microgpt::cli {

struct TrainOptions {
  std::vector<std::string> texts;
  std::string encoding;
  std::string config;
  std::string from;
  bool keep_moments = false;
  std::string resume;
  std::string data;
  std::string out;
  std::optional<std::uint64_t> seed;
  std::optional<int> steps;
  std::optional<std::string> time;
  std::optional<std::string> schedule;
  std::optional<int> stop_after;
  bool data_changed_ok = false;
  int threads = all_cores();
  std::vector<std::string> set;
  bool quiet = false;
  bool json = false;
  bool keys = false;

  [[nodiscard]] bool talks() const { return !quiet && !json; }
};

/// "30s", "2m", "1.5h" or "30" in seconds; throws Error (usage) blaming --time.
double parse_time(const std::string& text);

/// Adds them all to the command. `options` must outlive it.
void add_train_options(CLI::App& command, TrainOptions& options);

}  // namespace microgpt::cli
