// What backprop and adam share: one weight of a model that has read a text.
#pragma once

#include <string>

#include "microgpt/study/weight.hpp"
#include "microgpt/view/explain/explained.hpp"

namespace microgpt::view::explain {

struct Weighted {
  const Explained& e;
  study::WeightAddress weight;
  study::WeightPlace place;
  std::string name;  ///< "layer0.attn_wq[3,5]"
  double value = 0, gradient = 0;
};

/// The weight that --weight names. `e` must have gradients and stay.
Weighted weighted(const Explained& e, const Options& options);

/// Why its gradient is exactly 0, in a sentence.
std::string why_zero_words(const Weighted& w);

}  // namespace microgpt::view::explain
