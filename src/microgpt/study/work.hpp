// What a run costs, from the sizes of a model alone: views bound their work by it, so that a page is the same on every
// machine.
#pragma once

#include <cstddef>

#include "microgpt/model/config.hpp"

namespace microgpt::study {

/// What one core does in a few seconds, in multiply-adds. A view that would need more by default does less, and says
/// so.
inline constexpr double kFewSeconds = 5e9;

/// Multiply-adds of a forward pass over so many positions, of few documents' length: what its products cost, and for
/// each logit and each channel of a layer what everything else costs as well.
double run_work(const ModelConfig& config, std::size_t positions);

/// Numbers that a trace of so many positions keeps, if no document is longer than `longest`.
double trace_size(const ModelConfig& config, std::size_t positions, std::size_t longest);

}  // namespace microgpt::study
