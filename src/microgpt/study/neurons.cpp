#include "microgpt/study/neurons.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

/// Whether a position is the first with what it has read: where documents begin alike, neurons are alike, but
/// for rounding.
std::vector<bool> first_of_its_kind(const Batch& batch) {
  std::vector<bool> first;
  // The tree of all beginnings: a node is what was read until then, by the node before it and a token.
  std::map<std::pair<std::size_t, Token>, std::size_t> tree;
  for (std::size_t d = 0; d < batch.documents(); ++d) {
    std::size_t node = 0;
    for (int p = batch.offsets[d]; p < batch.offsets[d + 1]; ++p) {
      const std::pair step(node, batch.token[static_cast<std::size_t>(p)]);
      const auto [next, is_new] = tree.try_emplace(step, tree.size() + 1);
      node = next->second;
      first.push_back(is_new);
    }
  }
  return first;
}

struct Layers {
  int begin = 0, end = 0;
  Layers(std::optional<int> layer, const ModelConfig& config)
      : begin(layer.value_or(0)), end(layer ? *layer + 1 : config.n_layer) {}
};

}  // namespace

std::vector<NeuronSummary> summarize_neurons(const Model& model, const Trace& trace, std::size_t top,
                                             std::optional<int> layer) {
  std::vector<NeuronSummary> all;
  const Batch& batch = trace.batch();
  const auto P = static_cast<double>(batch.positions());
  const std::vector<bool> first = first_of_its_kind(batch);
  const Layers layers(layer, model.config);
  for (int i = layers.begin; i < layers.end; ++i) {
    const Matrix<double> post = trace.values(Site::mlp_post, i);
    for (int n = 0; n < 4 * model.config.n_embd; ++n) {
      NeuronSummary summary{.layer = i, .neuron = n};
      std::vector<Firing> firings;
      std::size_t active = 0;
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        for (int p = batch.offsets[d]; p < batch.offsets[d + 1]; ++p) {
          const double value = post(p, n);
          summary.mean += value / P;
          if (value <= 0) continue;
          ++active;
          summary.largest = std::max(summary.largest, value);
          if (first[static_cast<std::size_t>(p)]) firings.push_back({d, p - batch.offsets[d], value});
        }
      }
      summary.active = static_cast<double>(active) / P;
      summary.reach = summary.largest * model.parameters.mlp_fc2(i).col(n).norm();
      const auto shown = static_cast<std::ptrdiff_t>(std::min(top, firings.size()));
      std::partial_sort(
          firings.begin(), firings.begin() + shown, firings.end(), [](const Firing& a, const Firing& b) {
            return a.value != b.value ? a.value > b.value
                                      : std::pair(a.document, a.position) < std::pair(b.document, b.position);
          });
      summary.top.assign(firings.begin(), firings.begin() + shown);
      all.push_back(std::move(summary));
    }
  }
  return all;
}

std::vector<double> neuron_writes(const Model& model, int layer, int neuron) {
  const Eigen::VectorXd direction = model.parameters.mlp_fc2(layer).col(neuron);
  const Eigen::VectorXd adds = model.parameters.lm_head() * direction;
  return {adds.begin(), adds.end()};
}

TextNeurons neurons_on_text(const Trace& trace, std::size_t count, std::optional<int> layer) {
  const Layers layers(layer, trace.config());
  const Index n = trace.batch().offsets[1];
  const int width = 4 * trace.config().n_embd;
  std::vector<double> largest;
  for (int i = layers.begin; i < layers.end; ++i) {
    const Eigen::RowVectorXd of_layer = trace.values(Site::mlp_post, i).topRows(n).colwise().maxCoeff();
    largest.insert(largest.end(), of_layer.begin(), of_layer.end());
  }
  TextNeurons result;
  result.neurons = largest.size();
  result.firing = static_cast<std::size_t>(
      std::count_if(largest.begin(), largest.end(), [](double value) { return value > 0; }));
  for (const std::size_t index : ranked(largest, std::min(count, result.firing))) {
    TextNeuron neuron{.layer = layers.begin + static_cast<int>(index) / width,
                      .neuron = static_cast<int>(index) % width,
                      .largest = largest[index]};
    const auto column = static_cast<std::size_t>(neuron.neuron);
    for (int p = 0; p < n; ++p) {
      neuron.values.push_back(trace.row(Site::mlp_post, neuron.layer, p)[column]);
    }
    result.strongest.push_back(std::move(neuron));
  }
  return result;
}

}  // namespace microgpt::study
