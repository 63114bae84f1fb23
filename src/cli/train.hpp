// microgpt train in three parts: its options (train.cpp), how a run begins or goes on (train_start.cpp), and
// the run itself (train_run.cpp). What is said of it is in train_report.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/train_report.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/io/run_config.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt::cli {

struct TrainOptions {
  std::string config;
  std::string resume;
  std::string data;
  std::string out;
  std::optional<std::uint64_t> seed;
  std::optional<int> steps;
  std::optional<std::string> time;
  std::optional<int> stop_after;
  bool data_changed_ok = false;
  int threads = all_cores();
  std::vector<std::string> set;
  bool quiet = false;
  bool json = false;
  bool keys = false;

  [[nodiscard]] bool talks() const { return !quiet && !json; }
};

/// A run from its first step on, and one that goes on after a stop.
void run_new(const TrainOptions& options);
void run_resumed(const TrainOptions& options);

/// What a run that goes on knows of itself.
struct Past {
  std::optional<double> held_out_loss{};  ///< of the state, if it was measured
  bool same_text = true;                  ///< so that earlier held-out losses can be compared with later ones
};

/// Trains from the state's step on and samples: the part of a run that depends on the precision. The folder
/// is locked.
template <class T>
Outcome train_and_sample(const TrainOptions& options, RunConfig config, const Corpus& corpus,
                         const RunFolder& folder, TrainState<T>& state, const Past& past, Rng& rng);

}  // namespace microgpt::cli
