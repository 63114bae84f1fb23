// The steps of the topic attention.
#pragma once

#include <vector>

#include "microgpt/view/explain/explained.hpp"

namespace microgpt::view::explain {

/// One head at one position, and all that it sees.
struct Looking {
  const Explained& e;
  std::size_t D, seen;  ///< channels, positions up to this one
  Numbers q, scores, pattern, out;
  std::vector<Numbers> k, v;      ///< of every source
  std::vector<std::size_t> rows;  ///< sources that tables show
  std::size_t source = 0;         ///< of the formulas: the one that is asked for, or that weighs most
  std::size_t channel = 0;        ///< of the formula of the sum
  std::vector<std::size_t> channels{};
};

Looking looking(const Explained& e);

Section vectors_section(const Looking& looking, const ByHand& hand);
Section scores_section(const Looking& looking, ByHand& hand);
Section weights_section(const Looking& looking, ByHand& hand);
Section sum_section(const Looking& looking, ByHand& hand);

}  // namespace microgpt::view::explain
