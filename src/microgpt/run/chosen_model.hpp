// The model that a path means to whoever uses one: of a run, its best weights.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/io/checkpoint.hpp"

namespace microgpt {

/// Which weights of a run: those with the lowest held-out loss, where there are any, or the last ones.
enum class Weights { best, last };

struct ChosenModel {
  Checkpoint checkpoint;
  /// The step of the run's last checkpoint, if the best of an earlier step was chosen.
  std::optional<int> last_step{};
};

/// The step of the last checkpoint of the run `path`, if its best is of an earlier step and of the same text; nothing if
/// the path is a file. Reads headers alone.
std::optional<int> step_after_best(const std::filesystem::path& path);

/// A file, or the weights of a run folder. If the best are damaged, `passed_over` is told, and the newest valid
/// checkpoint is taken as load_newest_checkpoint does.
ChosenModel choose_model(const std::filesystem::path& path, Weights weights,
                         const std::function<void(const Error&)>& passed_over = {});

}  // namespace microgpt
