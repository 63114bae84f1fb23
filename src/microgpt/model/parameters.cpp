#include "microgpt/model/parameters.hpp"

namespace microgpt {

std::vector<TensorSpec> parameter_table(const ModelConfig& config) {
  const Index V = config.vocab_size;
  const Index T = config.block_size;
  const Index C = config.n_embd;
  std::vector<TensorSpec> table;
  Index offset = 0;
  const auto add = [&](TensorKind kind, int layer, Index rows, Index cols) {
    const std::string prefix = is_in_layer(kind) ? "layer" + std::to_string(layer) + "." : "";
    table.push_back({prefix + std::string(name_of(kind)), kind, layer, rows, cols, offset});
    offset += rows * cols;
  };
  add(TensorKind::wte, 0, V, C);
  add(TensorKind::wpe, 0, T, C);
  add(TensorKind::lm_head, 0, V, C);
  for (int i = 0; i < config.n_layer; ++i) {
    add(TensorKind::attn_wq, i, C, C);
    add(TensorKind::attn_wk, i, C, C);
    add(TensorKind::attn_wv, i, C, C);
    add(TensorKind::attn_wo, i, C, C);
    add(TensorKind::mlp_fc1, i, 4 * C, C);
    add(TensorKind::mlp_fc2, i, C, 4 * C);
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
    const TensorKind kind = parameters.table()[i].kind;
    const bool projection = kind == TensorKind::attn_wo || kind == TensorKind::mlp_fc2;
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
