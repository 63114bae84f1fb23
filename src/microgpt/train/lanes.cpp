#include "microgpt/train/lanes.hpp"

namespace microgpt {

template <class T>
Lanes<T>::Lanes(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents,
                ThreadTeam& team)
    : config_(config), tokenizer_(tokenizer), team_(team) {
  // Eigen cuts large products into blocks by the sizes of the caches, and the cut decides the order
  // of a sum: fixed sizes, so that every machine cuts alike.
  Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20);
  lanes_.resize((documents + kLaneDocuments - 1) / kLaneDocuments);
  const std::size_t room = std::min(documents, kLaneDocuments) * static_cast<std::size_t>(config.block_size);
  const Activations<T> empty(config, room);
  workspaces_.assign(static_cast<std::size_t>(team.size()), {empty, empty});
}

template <class T>
void Lanes<T>::fill(std::span<const Example> examples) {
  used_ = (examples.size() + kLaneDocuments - 1) / kLaneDocuments;
  positions_ = 0;
  for (std::size_t l = 0; l < used_; ++l) {
    Lane& lane = lanes_[l];
    lane.batch.clear();
    for (std::size_t d = l * kLaneDocuments; d < std::min((l + 1) * kLaneDocuments, examples.size()); ++d) {
      const Example& example = examples[d];
      tokens_.clear();
      if (example.opens) tokens_.push_back(tokenizer_.bos());
      tokenizer_.encode(example.text, tokens_);
      if (example.closes) tokens_.push_back(tokenizer_.bos());
      lane.batch.add(tokens_);
    }
    positions_ += lane.batch.positions();
  }
}

template <class T>
double Lanes<T>::loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples,
                                   LossMean mean) {
  fill(examples);
  while (gradients_.size() < used_) gradients_.emplace_back(config_);

  team_.run(static_cast<int>(used_), [&](int task, int worker) {
    const auto l = static_cast<std::size_t>(task);
    Lane& lane = lanes_[l];
    auto& [a, da] = workspaces_[static_cast<std::size_t>(worker)];

    lane.weight.clear();
    for (std::size_t d = 0; d < lane.batch.documents(); ++d) {
      const int n = lane.batch.offsets[d + 1] - lane.batch.offsets[d];
      const double weight = mean == LossMean::document ? 1.0 / (static_cast<double>(examples.size()) * n)
                                                       : 1.0 / static_cast<double>(positions_);
      lane.weight.insert(lane.weight.end(), static_cast<std::size_t>(n), static_cast<T>(weight));
    }

    gpt_forward<T>(config_, parameters, lane.batch, a);
    gradients_[l].set_zero();
    gpt_backward<T>(config_, parameters, lane.batch, lane.weight, a, da, gradients_[l]);

    lane.loss = 0;
    const auto nll = a.nll();
    for (std::size_t p = 0; p < lane.weight.size(); ++p) {
      lane.loss += static_cast<double>(lane.weight[p]) * static_cast<double>(nll(static_cast<Index>(p), 0));
    }
  });

  double loss = 0;
  for (std::size_t l = 0; l < used_; ++l) loss += lanes_[l].loss;
  return loss;
}

template <class T>
LossSum Lanes<T>::loss(const Parameters<T>& parameters, std::span<const Example> examples) {
  fill(examples);
  team_.run(static_cast<int>(used_), [&](int task, int worker) {
    Lane& lane = lanes_[static_cast<std::size_t>(task)];
    Activations<T>& a = workspaces_[static_cast<std::size_t>(worker)].a;
    gpt_forward<T>(config_, parameters, lane.batch, a);
    lane.loss = 0;
    const auto nll = a.nll();
    for (Index p = 0; p < nll.rows(); ++p) lane.loss += static_cast<double>(nll(p, 0));
  });
  LossSum sum;
  for (std::size_t l = 0; l < used_; ++l) sum.nll += lanes_[l].loss;
  sum.positions = positions_;
  return sum;
}

template <class T>
void Lanes<T>::sum_gradients(std::size_t begin, std::size_t size) {
  for (std::size_t gap = 1; gap < used_; gap *= 2) {
    for (std::size_t l = 0; l + gap < used_; l += 2 * gap) {
      const auto to = gradients_[l].values().subspan(begin, size);
      const auto from = gradients_[l + gap].values().subspan(begin, size);
      for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
    }
  }
}

template class Lanes<float>;
template class Lanes<double>;

}  // namespace microgpt
