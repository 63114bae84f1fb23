// The checkpoints of a run folder: when a new one is safe, those go that are not to be kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/run_folder.hpp"

namespace microgpt {

/// Whether a run keeps a checkpoint of this step, by train.checkpoint_every; of its last step it always does.
bool keeps_step(const RunConfig& config, int step);

class CheckpointStore {
 public:
  /// Config and tokenizer must outlive it. If the folder holds a best checkpoint of the same text, later
  /// ones have to be better than that. The folder must be locked (RunLock).
  CheckpointStore(RunFolder folder, const RunConfig& config, const Tokenizer& tokenizer);

  /// The checkpoint of this step stays as if it were of the schedule: here the run was extended.
  void keep_too(int step) { kept_too_.push_back(step); }

  /// Saves checkpoints/step-*.safetensors. Then, of the older ones, it removes those beyond the newest
  /// `train.keep`, and those which are not of the schedule (train.checkpoint_every, and the last step):
  /// a run that was stopped in between leaves the same files as one that was not. Throws as
  /// save_checkpoint does.
  template <class T>
  void save(const TrainingRecord& record, const TrainState<T>& state);

  /// Saves checkpoints/best.safetensors if the record's held-out loss is lower than any before, and
  /// returns whether it is.
  template <class T>
  bool save_if_best(const TrainingRecord& record, const TrainState<T>& state);

 private:
  void remove_old(int newest) const;

  RunFolder folder_;
  const RunConfig& config_;
  const Tokenizer& tokenizer_;
  std::vector<int> kept_too_;
  bool best_is_known_ = false;
  std::optional<double> best_;  ///< held-out loss, nats a character
};

}  // namespace microgpt
