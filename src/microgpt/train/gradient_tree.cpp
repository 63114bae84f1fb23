#include "microgpt/train/gradient_tree.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "microgpt/nn/fast/forms.hpp"

namespace microgpt {

template <class T>
std::size_t GradientTree<T>::usual_gradients(std::size_t shards, int threads) {
  return std::min(shards,
                  static_cast<std::size_t>(threads) + static_cast<std::size_t>(std::bit_width(shards)));
}

template <class T>
void GradientTree<T>::make_gradient() {
  gradients_.push_back(std::make_unique<Parameters<T>>(config_));
  free_.reserve(gradients_.size());
}

template <class T>
void GradientTree<T>::start(std::size_t shards) {
  waiting_.assign(shards, {});
  while (gradients_.size() < usual_gradients(shards, threads_)) make_gradient();
  free_.clear();
  for (const auto& gradient : gradients_) free_.push_back(gradient.get());
}

template <class T>
Parameters<T>& GradientTree<T>::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    make_gradient();
    return *gradients_.back();
  }
  Parameters<T>& gradient = *free_.back();
  free_.pop_back();
  return gradient;
}

template <class T>
void GradientTree<T>::add(std::size_t shard, Parameters<T>& gradient) {
  // On each level a node holds the sum of `gap` shards, from a multiple of `gap` on; its neighbour is the other half of
  // the node above. Whoever comes second forms the sum.
  Parameters<T>* sum = &gradient;
  std::size_t node = shard;
  for (std::size_t gap = 1; gap < waiting_.size(); gap *= 2) {
    const bool is_left = node / gap % 2 == 0;
    const std::size_t neighbour = is_left ? node + gap : node - gap;
    if (neighbour >= waiting_.size()) continue;  // the last of an odd number goes up as it is
    Parameters<T>* other;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_[neighbour].shards != gap) {
        waiting_[node] = {sum, gap};
        return;
      }
      other = std::exchange(waiting_[neighbour], {}).sum;
    }
    Parameters<T>* const to = is_left ? sum : other;
    Parameters<T>* const from = is_left ? other : sum;
    fast::arithmetic<T>().add(to->values().data(), from->values().data(),
                              static_cast<fast::Size>(to->values().size()));
    sum = to;
    node = std::min(node, neighbour);
    const std::lock_guard lock(mutex_);
    free_.push_back(from);
  }
  waiting_[0].sum = sum;
}

template class GradientTree<float>;
template class GradientTree<double>;

}  // namespace microgpt
