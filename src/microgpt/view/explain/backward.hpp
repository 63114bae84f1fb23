// Where the dy of a weight's gradient comes from: one step of the backward pass, with its numbers.
#pragma once

#include <vector>

#include "microgpt/view/explain/weights.hpp"

namespace microgpt::view::explain {

/// For the position that adds most to the gradient.
Section dy_section(const Weighted& w, const std::vector<study::ChainTerm>& terms, ByHand& hand);

}  // namespace microgpt::view::explain
