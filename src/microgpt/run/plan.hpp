// How many steps fit into a time, on this machine: measured once, before a run begins. From then on the run goes by
// steps, so that anybody can repeat it to the same bytes.
#pragma once

#include <cstddef>

#include "microgpt/config/run_config.hpp"
#include "microgpt/text/corpus.hpp"

namespace microgpt {

/// What a run costs here, in seconds.
struct Cost {
  double step = 0;
  double evaluation = 0;      ///< of the held-out examples that a run is judged by; 0 without any
  std::size_t evaluated = 0;  ///< their characters
};

/// Trains a model that is thrown away, for about `seconds` and at least a few steps. Throws Error (data) if the machine has
/// not the memory for it.
Cost measure_cost(const RunConfig& config, const Corpus& corpus, int threads, double seconds);

/// The steps that fit into so many seconds, evaluations and a margin for what else a run does included: at least 1. Without
/// train.eval_every there is one evaluation.
int steps_within(double seconds, const Cost& cost, int eval_every);

}  // namespace microgpt
