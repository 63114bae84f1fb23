// What neurons fire on, and what they write.
#pragma once

#include <cstddef>
#include <optional>
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
  double active = 0;   ///< share of positions with mlp.post above 0
  double mean = 0;     ///< of mlp.post
  double largest = 0;  ///< of mlp.post
  /// largest · |mlp_fc2[:, neuron]|: the length of the longest vector it added to the residual stream.
  double reach = 0;
  std::vector<Firing> top{};  ///< largest first; of places with the same text before them the first only
  [[nodiscard]] bool dead() const { return active == 0; }
};

/// Every neuron of a layer, or of all of them, in order, each with its `top` largest firings.
std::vector<NeuronSummary> summarize_neurons(const Model& model, const Trace& trace, std::size_t top,
                                             std::optional<int> layer = {});

/// (V) What one unit of mlp.post adds to each logit: lm_head · mlp_fc2[:, neuron].
std::vector<double> neuron_writes(const Model& model, int layer, int neuron);

/// A neuron on one text.
struct TextNeuron {
  int layer = 0;
  int neuron = 0;
  double largest = 0;            ///< of values
  std::vector<double> values{};  ///< (n) mlp.post at each position
};

struct TextNeurons {
  std::vector<TextNeuron> strongest;  ///< those that fire, largest first
  std::size_t firing = 0;             ///< how many fire somewhere in the text
  std::size_t neurons = 0;            ///< and how many there are
};

/// The `count` neurons of a layer, or of all of them, that fire most on a trace's first document.
TextNeurons neurons_on_text(const Trace& trace, std::size_t count, std::optional<int> layer = {});

}  // namespace microgpt::study
