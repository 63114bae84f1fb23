// What the model has learned: every weight in one arena, in the order of microgpt.py's state_dict.
//
// One table of {name, kind, layer, rows, cols} is the source of it all: allocation, views, checkpoints,
// printing and tests. Gradients and Adam's moments are the same type.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/matrix.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/model/config.hpp"

namespace microgpt {

/// In the order of the table. Those from attn_wq on are in every layer.
enum class TensorKind : std::uint8_t {
  wte,      ///< (V, C)
  wpe,      ///< (T, C)
  lm_head,  ///< (V, C)
  attn_wq,  ///< (C, C)
  attn_wk,  ///< (C, C)
  attn_wv,  ///< (C, C)
  attn_wo,  ///< (C, C)
  mlp_fc1,  ///< (4C, C)
  mlp_fc2,  ///< (C, 4C)
};
inline constexpr std::array<std::string_view, 9> kTensorNames = {
    "wte", "wpe", "lm_head", "attn_wq", "attn_wk", "attn_wv", "attn_wo", "mlp_fc1", "mlp_fc2"};

constexpr std::string_view name_of(TensorKind kind) {
  return kTensorNames[static_cast<std::size_t>(kind)];
}
constexpr bool is_in_layer(TensorKind kind) {
  return kind >= TensorKind::attn_wq;
}

struct TensorSpec {
  std::string name;  ///< the kind's, in a layer after "layer{i}."
  TensorKind kind{};
  int layer = 0;     ///< 0 for tensors outside layers
  Index rows = 0;    ///< out
  Index cols = 0;    ///< in
  Index offset = 0;  ///< in the arena
};

/// The tensors outside layers, then those of each layer, in the order of TensorKind.
std::vector<TensorSpec> parameter_table(const ModelConfig& config);

/// The place of a tensor in the table.
constexpr std::size_t tensor_number(TensorKind kind, int layer = 0) {
  constexpr auto kFirst = static_cast<std::size_t>(TensorKind::attn_wq);
  const auto number = static_cast<std::size_t>(kind);
  return is_in_layer(kind) ? number + static_cast<std::size_t>(layer) * (kTensorNames.size() - kFirst)
                           : number;
}

/// Number of parameters of such a model.
Index parameter_count(const ModelConfig& config);

template <class T>
class Parameters {
 public:
  /// All zero.
  explicit Parameters(const ModelConfig& config)
      : table_(parameter_table(config)), values_(static_cast<std::size_t>(parameter_count(config))) {}

  [[nodiscard]] const std::vector<TensorSpec>& table() const { return table_; }
  std::span<T> values() { return values_; }
  [[nodiscard]] std::span<const T> values() const { return values_; }
  void set_zero() { std::fill(values_.begin(), values_.end(), T(0)); }

  View<T> tensor(std::size_t i) { return {&values_[offset(i)], table_[i].rows, table_[i].cols}; }
  [[nodiscard]] ConstView<T> tensor(std::size_t i) const {
    return {&values_[offset(i)], table_[i].rows, table_[i].cols};
  }
  View<T> tensor(TensorKind kind, int layer = 0) { return tensor(tensor_number(kind, layer)); }
  [[nodiscard]] ConstView<T> tensor(TensorKind kind, int layer = 0) const {
    return tensor(tensor_number(kind, layer));
  }

  View<T> wte() { return tensor(TensorKind::wte); }
  View<T> wpe() { return tensor(TensorKind::wpe); }
  View<T> lm_head() { return tensor(TensorKind::lm_head); }
  View<T> attn_wq(int layer) { return tensor(TensorKind::attn_wq, layer); }
  View<T> attn_wk(int layer) { return tensor(TensorKind::attn_wk, layer); }
  View<T> attn_wv(int layer) { return tensor(TensorKind::attn_wv, layer); }
  /// attn_wq, attn_wk and attn_wv, which follow one another, as one matrix (3C, C).
  View<T> attn_wqkv(int layer) {
    return {attn_wq(layer).data(), 3 * attn_wq(layer).rows(), attn_wq(layer).cols()};
  }
  View<T> attn_wo(int layer) { return tensor(TensorKind::attn_wo, layer); }
  View<T> mlp_fc1(int layer) { return tensor(TensorKind::mlp_fc1, layer); }
  View<T> mlp_fc2(int layer) { return tensor(TensorKind::mlp_fc2, layer); }

  [[nodiscard]] ConstView<T> wte() const { return tensor(TensorKind::wte); }
  [[nodiscard]] ConstView<T> wpe() const { return tensor(TensorKind::wpe); }
  [[nodiscard]] ConstView<T> lm_head() const { return tensor(TensorKind::lm_head); }
  [[nodiscard]] ConstView<T> attn_wq(int layer) const { return tensor(TensorKind::attn_wq, layer); }
  [[nodiscard]] ConstView<T> attn_wk(int layer) const { return tensor(TensorKind::attn_wk, layer); }
  [[nodiscard]] ConstView<T> attn_wv(int layer) const { return tensor(TensorKind::attn_wv, layer); }
  [[nodiscard]] ConstView<T> attn_wqkv(int layer) const {
    return {attn_wq(layer).data(), 3 * attn_wq(layer).rows(), attn_wq(layer).cols()};
  }
  [[nodiscard]] ConstView<T> attn_wo(int layer) const { return tensor(TensorKind::attn_wo, layer); }
  [[nodiscard]] ConstView<T> mlp_fc1(int layer) const { return tensor(TensorKind::mlp_fc1, layer); }
  [[nodiscard]] ConstView<T> mlp_fc2(int layer) const { return tensor(TensorKind::mlp_fc2, layer); }

 private:
  [[nodiscard]] std::size_t offset(std::size_t i) const { return static_cast<std::size_t>(table_[i].offset); }

  std::vector<TensorSpec> table_;
  Arena<T> values_;
};

/// Draws every tensor row by row with gauss(0, std), in table order; zeros are drawn too.
template <class T>
void initialize(Parameters<T>& parameters, const InitConfig& init, Rng& rng);

}  // namespace microgpt
