// The page of microgpt eval.
#pragma once

#include "microgpt/run/evaluation.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// A model's loss on a split, beside the ways to predict that it has to beat.
Page eval_report(const Evaluation& evaluation);

}  // namespace microgpt::view
