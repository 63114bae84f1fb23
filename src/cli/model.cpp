#include "cli/model.hpp"

#include <iostream>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/run/run_folder.hpp"

namespace microgpt::cli {

std::function<void(const Error&)> warn_once_of_damage() {
  return [first = true](const Error& newer) mutable {
    if (first) std::cerr << "warning: " << one_line(newer.what()) << ": an older one is used\n";
    first = false;
  };
}

Checkpoint load_model(const std::string& path) {
  return load_newest_checkpoint(path, warn_once_of_damage());
}

void add_model_option(CLI::App& command, std::string& model) {
  command
      .add_option("--model,MODEL", model, "Run folder or checkpoint file; the word --model may be left out")
      ->required()
      ->option_text("PATH");
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
