#include "microgpt/study/work.hpp"

namespace microgpt::study {

double run_work(const ModelConfig& config, std::size_t positions) {
  const double C = config.n_embd;
  constexpr double kChannel = 100;  // norms, activations and attention, for each channel of a layer
  constexpr double kLogit = 40;     // an exponential for each logit
  const double layers = config.n_layer * (12 * C * C + kChannel * C);
  return static_cast<double>(positions) * (layers + config.vocab_size * (C + kLogit));
}

double trace_size(const ModelConfig& config, std::size_t positions, std::size_t longest) {
  const double C = config.n_embd;
  const double layer =
      20 * C + 2.0 * config.n_head * static_cast<double>(longest);  // scores and pattern are square
  return static_cast<double>(positions) * (config.n_layer * layer + 2.0 * config.vocab_size + 4 * C);
}

}  // namespace microgpt::study
