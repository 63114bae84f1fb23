#include "microgpt/train/optimizer.hpp"

#include <algorithm>
#include <atomic>

#include "microgpt/train/adam.hpp"
#include "microgpt/train/nonfinite.hpp"

namespace microgpt {

template <class T>
Optimizer<T>::Optimizer(const ModelConfig& model, const TrainConfig& config, ThreadTeam& team)
    : config_(config), team_(team) {
  const auto table = parameter_table(model);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (is_by_muon(config, table[i])) {
      by_muon_.push_back(i);
    } else {
      by_adam_ = static_cast<std::size_t>(table[i].offset + table[i].rows * table[i].cols);
    }
  }
  std::stable_sort(by_muon_.begin(), by_muon_.end(), [&](std::size_t a, std::size_t b) {
    return table[a].rows * table[a].cols > table[b].rows * table[b].cols;
  });
  if (!by_muon_.empty()) scratch_.assign(static_cast<std::size_t>(team.size()), MuonScratch<T>(model.n_embd));
}

template <class T>
auto Optimizer<T>::update(TrainState<T>& state, std::span<const T> gradient, T scale) -> Outcome {
  std::atomic<bool> good_gradient = true;
  std::atomic<bool> good_update = true;
  // Calls step() for a part of the lists whose gradient is finite.
  const auto update_part = [&](std::size_t begin, std::size_t size, const auto& step) {
    const auto g = gradient.subspan(begin, size);
    if (!all_finite<T>(g)) {
      good_gradient = false;
      return;
    }
    const auto w = state.parameters.values().subspan(begin, size);
    const auto v = state.v.values().subspan(begin, size);
    step(w, state.m.values().subspan(begin, size), v, g);
    if (!all_finite<T>(w) || !all_finite<T>(v)) good_update = false;
  };

  const std::size_t matrices = by_muon_.size();
  const std::size_t slices = (by_adam_ + kSlice - 1) / kSlice;
  team_.run(static_cast<int>(matrices + slices), [&](int index, int worker) {
    const auto task = static_cast<std::size_t>(index);
    if (task < matrices) {
      const TensorSpec& spec = state.parameters.table()[by_muon_[task]];
      update_part(static_cast<std::size_t>(spec.offset), static_cast<std::size_t>(spec.rows * spec.cols),
                  [&](std::span<T> w, std::span<T> m, std::span<T> /*v*/, std::span<const T> g) {
                    muon_update<T>({w.data(), spec.rows, spec.cols}, {m.data(), spec.rows, spec.cols},
                                   {g.data(), spec.rows, spec.cols}, config_, state.step, scale,
                                   scratch_[static_cast<std::size_t>(worker)]);
                  });
    } else {
      const std::size_t begin = (task - matrices) * kSlice;
      update_part(begin, std::min(kSlice, by_adam_ - begin),
                  [&](std::span<T> w, std::span<T> m, std::span<T> v, std::span<const T> g) {
                    adam_update<T>(w, m, v, g, config_, state.step, scale, state.earlier_steps);
                  });
    }
  });
  return {.good_gradient = good_gradient, .good_update = good_update};
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace microgpt
