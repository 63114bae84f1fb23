// What the model has learned: every weight in one arena, in the order of microgpt.py's state_dict.
//
// One table of {name, rows, cols} is the source of it all: allocation, views, checkpoints, printing
// and tests. Gradients and Adam's moments are the same type.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "microgpt/base/matrix.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/model/config.hpp"

namespace microgpt {

struct TensorSpec {
  std::string name;
  Index rows = 0;    ///< out
  Index cols = 0;    ///< in
  Index offset = 0;  ///< in the arena
};

/// wte (V, C), wpe (T, C), lm_head (V, C), then for each layer attn_wq, attn_wk, attn_wv, attn_wo
/// (C, C), mlp_fc1 (4C, C), mlp_fc2 (C, 4C).
std::vector<TensorSpec> parameter_table(const ModelConfig& config);

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

  View<T> wte() { return tensor(0); }
  View<T> wpe() { return tensor(1); }
  View<T> lm_head() { return tensor(2); }
  View<T> attn_wq(int layer) { return tensor(in_layer(layer, 0)); }
  View<T> attn_wk(int layer) { return tensor(in_layer(layer, 1)); }
  View<T> attn_wv(int layer) { return tensor(in_layer(layer, 2)); }
  /// attn_wq, attn_wk and attn_wv, which follow one another, as one matrix (3C, C).
  View<T> attn_wqkv(int layer) {
    return {attn_wq(layer).data(), 3 * attn_wq(layer).rows(), attn_wq(layer).cols()};
  }
  View<T> attn_wo(int layer) { return tensor(in_layer(layer, 3)); }
  View<T> mlp_fc1(int layer) { return tensor(in_layer(layer, 4)); }
  View<T> mlp_fc2(int layer) { return tensor(in_layer(layer, 5)); }

  [[nodiscard]] ConstView<T> wte() const { return tensor(0); }
  [[nodiscard]] ConstView<T> wpe() const { return tensor(1); }
  [[nodiscard]] ConstView<T> lm_head() const { return tensor(2); }
  [[nodiscard]] ConstView<T> attn_wq(int layer) const { return tensor(in_layer(layer, 0)); }
  [[nodiscard]] ConstView<T> attn_wk(int layer) const { return tensor(in_layer(layer, 1)); }
  [[nodiscard]] ConstView<T> attn_wv(int layer) const { return tensor(in_layer(layer, 2)); }
  [[nodiscard]] ConstView<T> attn_wqkv(int layer) const {
    return {attn_wq(layer).data(), 3 * attn_wq(layer).rows(), attn_wq(layer).cols()};
  }
  [[nodiscard]] ConstView<T> attn_wo(int layer) const { return tensor(in_layer(layer, 3)); }
  [[nodiscard]] ConstView<T> mlp_fc1(int layer) const { return tensor(in_layer(layer, 4)); }
  [[nodiscard]] ConstView<T> mlp_fc2(int layer) const { return tensor(in_layer(layer, 5)); }

 private:
  static std::size_t in_layer(int layer, std::size_t which) {
    return 3 + 6 * static_cast<std::size_t>(layer) + which;
  }
  [[nodiscard]] std::size_t offset(std::size_t i) const { return static_cast<std::size_t>(table_[i].offset); }

  std::vector<TensorSpec> table_;
  Arena<T> values_;
};

/// Draws every tensor row by row with gauss(0, std), in table order; zeros are drawn too.
template <class T>
void initialize(Parameters<T>& parameters, const InitConfig& init, Rng& rng);

}  // namespace microgpt
