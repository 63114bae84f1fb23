// What neurons fire on, and what they write.
#pragma once

#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// A place in a batch where a neuron was active.
struct Firing {
  std::size_t document = 0;
  int position = 0;
  double value = 0;  ///< of mlp.post
};

/// A neuron over a batch.
struct NeuronSummary {
  int layer = 0;
  int neuron = 0;
  double active = 0;          ///< share of positions with mlp.post above 0
  double mean = 0;            ///< of mlp.post
  std::vector<Firing> top{};  ///< largest first; of places with the same text before them the first only
  std::vector<double>
      writes{};  ///< (V) what one unit of mlp.post adds to each logit: lm_head · mlp_fc2[:, neuron]
  [[nodiscard]] bool dead() const { return active == 0; }
};

/// Every neuron of every layer, with its `top` largest firings.
std::vector<NeuronSummary> summarize_neurons(const Model& model, const Trace& trace, std::size_t top);

}  // namespace microgpt::study
