#include "microgpt/model/parameters.hpp"

namespace microgpt {

std::vector<TensorSpec> parameter_table(const ModelConfig& config) {
  const Index V = config.vocab_size;
  const Index T = config.block_size;
  const Index C = config.n_embd;
  std::vector<TensorSpec> table;
  Index offset = 0;
  const auto add = [&](const std::string& name, Index rows, Index cols) {
    table.push_back({name, rows, cols, offset});
    offset += rows * cols;
  };
  add("wte", V, C);
  add("wpe", T, C);
  add("lm_head", V, C);
  for (int i = 0; i < config.n_layer; ++i) {
    const std::string layer = "layer" + std::to_string(i) + ".";
    add(layer + "attn_wq", C, C);
    add(layer + "attn_wk", C, C);
    add(layer + "attn_wv", C, C);
    add(layer + "attn_wo", C, C);
    add(layer + "mlp_fc1", 4 * C, C);
    add(layer + "mlp_fc2", C, 4 * C);
  }
  return table;
}

Index parameter_count(const ModelConfig& config) {
  const auto table = parameter_table(config);
  return table.back().offset + table.back().rows * table.back().cols;
}

template <class T>
void initialize(Parameters<T>& parameters, const InitConfig& init, Rng& rng) {
  for (std::size_t i = 0; i < parameters.table().size(); ++i) {
    const std::string& name = parameters.table()[i].name;
    const bool projection = name.ends_with(".attn_wo") || name.ends_with(".mlp_fc2");
    const double std = projection && init.zero_projections ? 0.0 : init.std;
    auto tensor = parameters.tensor(i);
    for (Index row = 0; row < tensor.rows(); ++row) {
      for (Index col = 0; col < tensor.cols(); ++col) tensor(row, col) = static_cast<T>(rng.gauss(0.0, std));
    }
  }
}

template void initialize<float>(Parameters<float>&, const InitConfig&, Rng&);
template void initialize<double>(Parameters<double>&, const InitConfig&, Rng&);

}  // namespace microgpt
