// From a text and a time to a config: how the text is taken apart, the model, and how it is trained. docs/recipes.md has
// the measurements behind the rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config/run_config.hpp"
#include "microgpt/run/plan.hpp"
#include "microgpt/text/profile.hpp"

namespace microgpt {

/// What a run is to be fitted to.
struct Wish {
  double seconds = 30;                   ///< all that the run may take
  int threads = 1;                       ///< with so many threads
  std::vector<std::string> overrides{};  ///< "train.batch_size=32": what is not left to the rule
  std::size_t joints = 0;                ///< blank lines in the text that are only between files
  std::string from{};                    ///< model.from, and
  bool keep_moments = false;             ///< train.keep_moments, unless an override sets them
};

struct Recipe {
  RunConfig config;
  std::vector<std::string>
      reasons;  ///< what was chosen, and by what: a sentence each for text, model and training
};

/// The config for a text; `path` becomes its data.path. The machine's speed is measured: on another one, or at another
/// time, model and number of steps may differ. What follows from the config does not. Throws Error as with_overrides,
/// Corpus::make and, where there is a model to begin with, choose_model (run/chosen_model.hpp) do.
Recipe choose_recipe(const std::string& text, const std::string& path, const Wish& wish);

/// The steps of this config that fit into the time, measured. Throws Error as Corpus::make does.
int choose_steps(const RunConfig& config, const std::string& text, const Wish& wish);

// The rule, part by part. What a document is:
void choose_mode(const TextProfile& profile, RunConfig& config);
/// The context and what is held out, by the mode; and the samples.
void choose_parts(const TextProfile& profile, RunConfig& config);
/// The model and its training, for a machine that trains `speed` operations per second, 6 for each parameter at each
/// position.
void choose_model(const TextProfile& profile, double seconds, double speed, RunConfig& config);
/// The optimizer, by the mode.
void choose_training(RunConfig& config);
/// The shape of another model, whose weights training begins with, and a gentler training than from the beginning. Of its
/// context a short stream takes as much as the rule gives it.
void choose_fine_tuning(const RunConfig& from, RunConfig& config);
/// How many steps the run has in so many seconds, and how often it is judged: `wanted` times, or less often, or by less of
/// the held-out text, where that would take more than 15 % of the time. What of this is overridden is taken as it is.
void choose_steps(const Cost& cost, double seconds, int wanted, const std::vector<std::string>& overrides,
                  RunConfig& config);
/// At most so many bytes from the beginning of a text, up to the end of a line if there is one in the second half.
std::string_view beginning_of(std::string_view text, std::size_t bytes);
/// Dropout, by how often every character is seen.
void choose_dropout(double epochs, RunConfig& config);

}  // namespace microgpt
