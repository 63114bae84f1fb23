// What the commands share that use a model.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/text/dataset.hpp"

namespace microgpt::cli {

/// Writes a warning on standard error about the first damaged checkpoint it is told of.
std::function<void(const Error&)> warn_once_of_damage();

/// The checkpoint a path means: the file, or of a run folder the best by held-out loss, if there is one and --last was
/// not given, or else the newest. If the best is not the newest, a line on standard error says so on a terminal. One
/// that is damaged is passed over with a warning there.
Checkpoint load_model(const std::string& path);

/// The flag --last, which load_model follows; for commands whose --model is not that of add_model_option.
void add_last_option(CLI::App& command);

/// The option --model PATH, which may stand without its name as well, and --last.
void add_model_option(CLI::App& command, std::string& model);

/// Calls use() with the model's weights in the precision they are stored in.
template <class Use>
void with_parameters(const Checkpoint& checkpoint, Use&& use) {
  if (checkpoint.config().precision == Precision::float32) {
    use(checkpoint.parameters<float>());
  } else {
    use(checkpoint.parameters<double>());
  }
}

/// A text as it would stand in a training file: a paragraph is followed by a blank line. On a terminal control
/// characters are escaped.
std::string as_document(const std::string& text, DataMode mode);

}  // namespace microgpt::cli
