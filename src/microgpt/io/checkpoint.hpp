// A model on disk: one safetensors file that is enough to sample, to study and to go on training.
// Its format is written down in docs/checkpoint.md.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "microgpt/base/error.hpp"
#include "microgpt/config/run_config.hpp"
#include "microgpt/io/safetensors.hpp"
#include "microgpt/io/training_record.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/train_state.hpp"

namespace microgpt {

/// What a checkpoint says, as one SHA-256: of the metadata that a checkpoint has, but "sha256" itself,
/// and of every tensor's name, dtype, shape and bytes. The order they stand in does not matter
/// (docs/checkpoint.md).
std::string content_digest(const Metadata& metadata, std::span<const TensorEntry> tensors);

/// A checkpoint whose every byte has been checked.
class Checkpoint {
 public:
  /// Reads `path`. Throws Error (checkpoint) if it is damaged or not one of ours. No memory is given to
  /// its numbers before its header is known to be a whole checkpoint's.
  static Checkpoint load(const std::filesystem::path& path);
  /// The same for a file in memory; `name` stands for the path in messages.
  static Checkpoint parse(std::string bytes, const std::string& name);

  /// The step that a file's header states, without a look at the numbers; -1 if it states none that can be read.
  static int stated_step(const std::filesystem::path& path);

  /// The run's config, with the vocabulary's size filled in.
  [[nodiscard]] const RunConfig& config() const { return config_; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return *tokenizer_; }
  [[nodiscard]] const TrainingRecord& training() const { return training_; }

  /// The weights as T, float or double, whatever the file holds.
  template <class T>
  [[nodiscard]] Parameters<T> parameters() const;

  /// Whether the file has the optimizer's moments, without which a run cannot be continued; they are 0 then.
  [[nodiscard]] bool has_moments() const { return has_moments_; }

  /// Weights, moments and step: all that training changes. Of one that is given up, in the precision of the file, they
  /// are not copied.
  template <class T>
  [[nodiscard]] TrainState<T> train_state() const&;
  template <class T>
  [[nodiscard]] TrainState<T> train_state() &&;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const SafetensorsFile& file() const { return file_; }

 private:
  Checkpoint(SafetensorsFile file, std::filesystem::path path)
      : file_(std::move(file)), path_(std::move(path)) {}
  void check_metadata();
  void check_tensors();
  void read_numbers();
  void check_numbers() const;
  [[noreturn]] void refuse(const std::string& why) const;

  SafetensorsFile file_;  // its tensors are views of state_
  std::optional<std::variant<TrainState<float>, TrainState<double>>> state_;
  std::filesystem::path path_;
  RunConfig config_;
  std::optional<Tokenizer> tokenizer_;
  TrainingRecord training_;
  bool has_moments_ = true;
};

/// Writes a checkpoint atomically. Throws Error (numeric), and writes nothing, if a weight or
/// moment is not a finite number; Error (io) if the file cannot be written.
template <class T>
void save_checkpoint(const std::filesystem::path& path, const RunConfig& config, const Tokenizer& tokenizer,
                     const TrainingRecord& training, const TrainState<T>& state);

/// The bytes of such a file, as Checkpoint::parse reads them. Throws as save_checkpoint does.
template <class T>
std::string checkpoint_bytes(const RunConfig& config, const Tokenizer& tokenizer,
                             const TrainingRecord& training, const TrainState<T>& state);

}  // namespace microgpt
