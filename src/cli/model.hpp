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

/// The checkpoint a path means: the file, or the newest valid one of a run folder. One that is damaged is passed over
/// with a warning on standard error.
Checkpoint load_model(const std::string& path);

/// The option --model PATH, which may stand without its name as well.
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
