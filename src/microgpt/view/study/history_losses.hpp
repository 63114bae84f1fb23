// The losses of a run as study history shows them.
#pragma once

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/metrics.hpp"
#include "microgpt/view/view.hpp"

namespace microgpt::view {

/// Adds what the run measured, if it measured anything: facts, and the curve with what guessing costs, which follows
/// from a checkpoint (none: nullptr). Uses --points, --baselines and --data.
void add_losses(Page& page, const Request& request, const MetricsRecord& record, const Checkpoint* newest);

}  // namespace microgpt::view
