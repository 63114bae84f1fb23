// What training changes.
#pragma once

#include <string>

#include "microgpt/model/parameters.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt {

/// The weights, the optimizer's moments, and the number of steps done.
template <class T>
struct TrainState {
  Parameters<T> parameters;
  Parameters<T> m;  ///< Adam's first moment, or Muon's momentum
  Parameters<T> v;  ///< Adam's second moment; of what Muon updates it stays 0
  int step = 0;
  int earlier_steps =
      0;  ///< updates that m and v hold already of the training of another model, which this one began with

  explicit TrainState(const ModelConfig& config) : parameters(config), m(config), v(config) {}
};

/// Whether it is Muon that updates a tensor.
inline bool is_by_muon(const TrainConfig& config, const TensorSpec& spec) {
  return config.optimizer == OptimizerKind::muon && is_in_layer(spec.kind);
}

/// What a tensor's moments are called in a file: "adam.m.wte", "adam.v.wte", "muon.m.layer0.attn_wq". The second is "" if
/// there is none.
inline std::string name_of_m(const TrainConfig& config, const TensorSpec& spec) {
  return (is_by_muon(config, spec) ? "muon.m." : "adam.m.") + spec.name;
}
inline std::string name_of_v(const TrainConfig& config, const TensorSpec& spec) {
  return is_by_muon(config, spec) ? "" : "adam.v." + spec.name;
}

}  // namespace microgpt
