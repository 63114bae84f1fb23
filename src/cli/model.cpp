#include "cli/model.hpp"

#include <iostream>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/run/chosen_model.hpp"

namespace microgpt::cli {

namespace {

/// Set by --last, of which every command has one and the program runs one command.
bool last_is_meant = false;

}  // namespace

std::function<void(const Error&)> warn_once_of_damage() {
  return [first = true](const Error& newer) mutable {
    if (first) std::cerr << "warning: " << one_line(newer.what()) << ": another one is used\n";
    first = false;
  };
}

Checkpoint load_model(const std::string& path) {
  ChosenModel chosen =
      choose_model(path, last_is_meant ? Weights::last : Weights::best, warn_once_of_damage());
  if (chosen.last_step && stderr_is_terminal()) {
    std::cerr << "using the best weights by held-out loss, of step " << chosen.checkpoint.training().step
              << " of " << *chosen.last_step << " (--last takes the last)\n";
  }
  return std::move(chosen.checkpoint);
}

void add_last_option(CLI::App& command) {
  command.add_flag("--last", last_is_meant,
                   "Use the last weights of the run folder, not those with the lowest held-out loss");
}

void add_model_option(CLI::App& command, std::string& model) {
  command
      .add_option("--model,MODEL", model, "Run folder or checkpoint file; the word --model may be left out")
      ->required()
      ->option_text("PATH");
  add_last_option(command);
}

std::string as_document(const std::string& text, DataMode mode) {
  if (mode == DataMode::lines) return stdout_is_terminal() ? one_line(text) : text;
  if (!stdout_is_terminal()) return text + '\n';
  std::string shown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) shown += one_line(line) + '\n';
  return shown;
}

}  // namespace microgpt::cli
