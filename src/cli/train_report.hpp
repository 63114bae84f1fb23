// What train says of a run: before it, and at its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "microgpt/io/run_config.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/text/corpus.hpp"

namespace microgpt::cli {

/// What came out of a run.
struct Outcome {
  TextSummary data;
  int steps = 0;  ///< done by this program; a run that was resumed has more
  double seconds = 0;
  double characters_per_second = 0;
  double mean_loss = 0;  ///< of the last `mean_steps` steps
  std::size_t mean_steps = 0;
  std::optional<double> held_out_loss;
  bool stopped_early = false;  ///< for want of a better held-out loss (train.patience)
  std::vector<std::string> samples;
  std::size_t new_samples = 0;  ///< of these, texts that are no document, or no part of a stream
};

/// Data, model and folder, in words on standard output.
void describe(const RunConfig& config, const Corpus& corpus, const RunFolder& folder, int threads);

/// "stopped early, after 5 held-out losses without a new best (train.patience)"
std::string stopped_early(const RunConfig& config);

/// One line on standard error if the loss ended far above that of guessing blindly: numbers that stay finite
/// need not mean anything.
void warn_of_loss(const Outcome& outcome, const RunConfig& config);

/// The outcome, in words or as one JSON document on standard output.
void report(const Outcome& outcome, const RunConfig& config, const RunFolder& folder);
void report_json(const Outcome& outcome, const RunConfig& config, const RunFolder& folder);

}  // namespace microgpt::cli
