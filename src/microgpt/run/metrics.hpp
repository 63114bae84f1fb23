// metrics.jsonl of a run folder: one JSON object a line, numbers with every digit, no times, so
// that the same run writes the same bytes.
//
//   {"step":1,"loss":3.3659669475848504,"learning_rate":0.01,"characters":7}      after a step, by
//                                                                                 train.record_every
//   {"step":500,"held_out_loss":2.4116582870483398}                               after an evaluation
//   {"step":500,"held_out_loss":2.4116582870483398,"sample":199936}               ... of so many characters of the text
//   {"step":500,"data_sha256":"c2a3..."}                 a resumed run goes on with another text from here
//   {"step":500,"steps":2000,"schedule":"linear"}        ... for so many steps in all, by this schedule
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt {

class Metrics {
 public:
  /// Opens the file. If it is there, what it says of steps up to `last_step` is kept, and the rest,
  /// which a run that goes on from there will write again, is dropped. Throws Error (io), as all
  /// functions here do.
  Metrics(const std::filesystem::path& path, int last_step);

  /// Whatever the run has recorded is in the file when the run ends, also by an exception.
  ~Metrics();
  Metrics(Metrics&&) = default;

  /// "grad_norm" is written only if the run clips.
  void step(const StepReport& report, bool clips);
  /// `sample`: characters measured, if these are not all there are.
  void held_out(int step, double loss, std::optional<std::size_t> sample = {});
  /// The steps after this one are trained on another text than those before.
  void text_changed(int step, const std::string& data_sha256);

  /// The run has another number of steps from here on.
  void extended(int step, int steps, const std::string& schedule);

  /// Brings all lines to the file, and the file to the disk: before a checkpoint says that these
  /// steps are done. (Otherwise lines go to the file some at a time, each whole.)
  void sync();

 private:
  void write();
  [[nodiscard]] Error refusal(int number) const;

  std::filesystem::path path_;
  Descriptor file_;
  std::string waiting_;  // whole lines
  std::chrono::steady_clock::time_point written_ = std::chrono::steady_clock::now();
};

/// A loss that a run measured: on the batch of a step, or on the held-out documents after it; nats per character.
struct MeasuredLoss {
  int step = 0;
  double loss = 0;
  bool operator==(const MeasuredLoss&) const = default;
};

struct MetricsRecord {
  std::vector<MeasuredLoss> training, held_out;  ///< each in the order of the file
  std::optional<std::size_t>
      sample;  ///< characters of the last of `held_out`, if that was not measured on all
  /// The first of `held_out` that was measured on the text the run has now.
  std::size_t present_text = 0;
  std::vector<int> extended;  ///< the steps after which the run got another number of steps
};

/// What metrics.jsonl tells; nothing if there is no file. Lines that are none of ours (half written, or longer than
/// ours can be) are passed over, and so are losses that are no numbers. Reads in pieces, also while the run still
/// writes. Throws Error (io) if the file cannot be read.
MetricsRecord read_metrics(const std::filesystem::path& path);

}  // namespace microgpt
