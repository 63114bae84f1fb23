// The folder of one training run:
//
//   config.json                         the effective config
//   metrics.jsonl                       one object a line
//   checkpoints/step-00001000.safetensors
//   checkpoints/best.safetensors        that of the lowest held-out loss
//   samples.txt                         what the trained model wrote
//   text.txt                            the text, if it came from several files, a pipe or another encoding
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/io/checkpoint.hpp"

namespace microgpt {

struct RunFolder {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path config() const { return path / "config.json"; }
  [[nodiscard]] std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  [[nodiscard]] std::filesystem::path samples() const { return path / "samples.txt"; }
  /// Those that a run wrote at its end before it was extended from this step.
  [[nodiscard]] std::filesystem::path samples_of(int step) const;
  [[nodiscard]] std::filesystem::path text() const { return path / "text.txt"; }
  [[nodiscard]] std::filesystem::path checkpoints() const { return path / "checkpoints"; }
  [[nodiscard]] std::filesystem::path checkpoint(int step) const;
  [[nodiscard]] std::filesystem::path best_checkpoint() const { return checkpoints() / "best.safetensors"; }

  /// The steps of which there are checkpoints, newest first.
  [[nodiscard]] std::vector<int> checkpoint_steps() const;

  /// Makes the folder `path`, which must not exist or be empty: no run is ever written over.
  /// Throws Error (io).
  static RunFolder create(const std::filesystem::path& path);

  /// Makes the first of <parent>/<name>-1, -2, … that does not exist.
  static RunFolder create_next(const std::filesystem::path& parent, const std::string& name);
};

/// The model file that a path means: the file itself, or the checkpoints of a run folder, newest
/// first, and after them the best. Throws Error (checkpoint) if there is nothing.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& path);

/// The newest valid checkpoint that a path means (find_checkpoints); the best, if it is of a later step than the others.
/// Of each that is newer and not valid `passed_over`, if there is one, is told. If none is valid it throws what is wrong
/// with the newest.
Checkpoint load_newest_checkpoint(const std::filesystem::path& path,
                                  const std::function<void(const Error&)>& passed_over = {});

/// Writes config.json atomically. Throws Error (io).
void save_run_config(const std::filesystem::path& path, const RunConfig& config);

}  // namespace microgpt
