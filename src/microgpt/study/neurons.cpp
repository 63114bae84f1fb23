#include "microgpt/study/neurons.hpp"

#include <algorithm>
#include <set>

namespace microgpt::study {

namespace {

/// Whether a position is the first with what it has read: where documents begin alike, neurons are alike, but
/// for rounding.
std::vector<bool> first_of_its_kind(const Batch& batch) {
  std::vector<bool> first;
  std::set<std::vector<int>> seen;
  for (std::size_t d = 0; d < batch.documents(); ++d) {
    std::vector<int> read;
    for (int p = batch.offsets[d]; p < batch.offsets[d + 1]; ++p) {
      read.push_back(batch.token[static_cast<std::size_t>(p)]);
      first.push_back(seen.insert(read).second);
    }
  }
  return first;
}

}  // namespace

std::vector<NeuronSummary> summarize_neurons(const Model& model, const Trace& trace, std::size_t top) {
  std::vector<NeuronSummary> all;
  const Batch& batch = trace.batch();
  const auto P = static_cast<double>(batch.positions());
  const std::vector<bool> first = first_of_its_kind(batch);
  for (int layer = 0; layer < model.config.n_layer; ++layer) {
    const Matrix<double> post = trace.values(Site::mlp_post, layer);
    const Matrix<double> writes = model.parameters.lm_head() * model.parameters.mlp_fc2(layer);  // (V, 4C)
    for (int n = 0; n < 4 * model.config.n_embd; ++n) {
      NeuronSummary summary{.layer = layer, .neuron = n};
      std::vector<Firing> firings;
      std::size_t active = 0;
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        for (int p = batch.offsets[d]; p < batch.offsets[d + 1]; ++p) {
          const double value = post(p, n);
          summary.mean += value / P;
          if (value > 0) ++active;
          if (value > 0 && first[static_cast<std::size_t>(p)])
            firings.push_back({d, p - batch.offsets[d], value});
        }
      }
      summary.active = static_cast<double>(active) / P;
      const auto shown = static_cast<std::ptrdiff_t>(std::min(top, firings.size()));
      std::partial_sort(
          firings.begin(), firings.begin() + shown, firings.end(), [](const Firing& a, const Firing& b) {
            return a.value != b.value ? a.value > b.value
                                      : std::pair(a.document, a.position) < std::pair(b.document, b.position);
          });
      summary.top.assign(firings.begin(), firings.begin() + shown);
      for (Index t = 0; t < writes.rows(); ++t) summary.writes.push_back(writes(t, n));
      all.push_back(std::move(summary));
    }
  }
  return all;
}

}  // namespace microgpt::study
