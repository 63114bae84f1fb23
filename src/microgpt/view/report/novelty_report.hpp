// The page of microgpt sample --report: which samples are new, and how near they are to the training text.
#pragma once

#include "microgpt/evaluate/novelty_tally.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// `max_chars` is what samples were cut at.
Page novelty_report(const NoveltySummary& summary, int max_chars);

}  // namespace microgpt::view
