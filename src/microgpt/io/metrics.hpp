// metrics.jsonl of a run folder: one JSON object a line, numbers with every digit, no times, so
// that the same run writes the same bytes.
//
//   {"step":1,"loss":3.3659669475848504,"learning_rate":0.01,"characters":7}      after every step
//   {"step":500,"held_out_loss":2.4116582870483398}                               after an
//   evaluation
#pragma once

#include <filesystem>
#include <string>

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

  /// "grad_norm" is written only if the run clips.
  void step(const StepReport& report, bool clips);
  void held_out(int step, double loss);

  /// Brings all lines to the file, and the file to the disk: before a checkpoint says that these
  /// steps are done. (Otherwise lines go to the file some at a time, each whole.)
  void sync();

 private:
  void write();
  [[nodiscard]] Error refusal(int number) const;

  std::filesystem::path path_;
  Descriptor file_;
  std::string waiting_;  // whole lines
};

}  // namespace microgpt
