// What a session holds, shared by the two files that are Session: how a run starts, and how it goes on.
#pragma once

#include <optional>
#include <string>

#include "microgpt/run/checkpoint_store.hpp"
#include "microgpt/run/memorising.hpp"
#include "microgpt/run/run_lock.hpp"
#include "microgpt/run/session.hpp"
#include "microgpt/run/training.hpp"
#include "microgpt/train/early_stopping.hpp"

namespace microgpt {

/// The folder that a run alone writes to.
struct RunFiles {
  RunFolder folder;
  std::unique_ptr<RunLock> lock;
  Metrics metrics;
  CheckpointStore checkpoints;
};

struct Session::Run {
  RunConfig config;
  Corpus corpus;
  Rng rng;
  std::optional<RunFiles> files{};
  std::unique_ptr<Training> training{};
  EarlyStopping stopping{0};
  Memorising memorising{0};
  Tally tally{};
  std::optional<Origin> from{};  ///< the model that it began with
  std::vector<char32_t>
      fresh_characters{};  ///< of the text, that this model lacked; of a run taken up nothing
  std::optional<int> resumed_after{};
  std::optional<int> steps_before{};
  Examples judges{};                      ///< the held-out examples or, of many, a sample
  std::optional<std::size_t> sample{};    ///< characters of the sample, if it is one
  std::optional<double> held_out_loss{};  ///< of the present weights
  std::optional<MeasuredLoss> best{};

  /// Chooses the held-out examples, and what is judged by their losses.
  void choose_judges();
  /// Opens the files and takes up what they tell of the steps before. `text_changed`: they are of another text.
  void open(const RunFolder& folder, std::unique_ptr<RunLock> lock, bool text_changed);
  [[nodiscard]] TrainingRecord record() const;
  std::filesystem::path save();
  /// What a held-out loss tells of the run: whether it is the best so far, in vain, of a text learnt by heart.
  bool judge(const MeasuredLoss& held_out);
  /// Whether it is the best so far, which is then saved.
  bool take_up_held_out(int step, double loss);
  /// Makes the weights that write the samples ready: the best or, where there are none or their file is not what was
  /// recorded, the present ones. Returns whether they are the best.
  bool take_best_weights();
  /// Records that the run goes on with its config where it had another number of steps, or another schedule, before.
  void extend_from(const RunConfig& before);
  /// After a breakdown: keeps what is good. Returns what was kept, for the hint.
  std::string rescue();
};

}  // namespace microgpt
