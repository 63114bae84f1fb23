#include "microgpt/study/neurons.hpp"

#include <algorithm>

namespace microgpt::study {

std::vector<NeuronSummary> summarize_neurons(const Model& model, const Trace& trace, std::size_t top) {
  std::vector<NeuronSummary> all;
  const Batch& batch = trace.batch();
  const auto P = static_cast<double>(batch.positions());
  for (int layer = 0; layer < model.config.n_layer; ++layer) {
    const Matrix<double> post = trace.values(Site::mlp_post, layer);
    const Matrix<double> writes = model.parameters.lm_head() * model.parameters.mlp_fc2(layer);  // (V, 4C)
    for (int n = 0; n < 4 * model.config.n_embd; ++n) {
      NeuronSummary summary{.layer = layer, .neuron = n};
      std::vector<Firing> firings;
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        for (int p = batch.offsets[d]; p < batch.offsets[d + 1]; ++p) {
          const double value = post(p, n);
          summary.mean += value / P;
          if (value > 0) firings.push_back({d, p - batch.offsets[d], value});
        }
      }
      summary.active = static_cast<double>(firings.size()) / P;
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
