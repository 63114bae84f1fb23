#include "microgpt/train/lanes.hpp"

#include <algorithm>
#include <bit>

namespace microgpt {

std::size_t lane_count(std::size_t positions) {
  return std::min(kMaxLanes, std::bit_ceil((positions + kLanePositions / 2) / kLanePositions));
}

std::size_t lane_room(std::size_t documents, std::size_t block_size) {
  // lane_count() rounds down by less than half a lane; and a lane ends with a whole document.
  const std::size_t share = std::max(kLanePositions * 3 / 2, documents * block_size / kMaxLanes);
  return std::min(documents * block_size, share + block_size);
}

void cut_into_lanes(const Batch& batch, std::vector<Lane>& lanes) {
  const std::size_t count = lane_count(batch.positions());
  lanes.clear();
  for (std::size_t document = 0; document < batch.documents();) {
    Lane lane{.begin = document};
    // Each lane ends with the document that reaches its share of the positions.
    const std::size_t until = (lanes.size() + 1) * batch.positions() / count;
    do ++document;
    while (document < batch.documents() && static_cast<std::size_t>(batch.offsets[document]) < until);
    lane.end = document;
    lanes.push_back(lane);
  }
}

template <class T>
Lanes<T>::Lanes(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents,
                ThreadTeam& team)
    : config_(config), tokenizer_(tokenizer), team_(team) {
  // Eigen cuts large products into blocks by the sizes of the caches, and the cut decides the order
  // of a sum: fixed sizes, so that every machine cuts alike.
  Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20);
  const auto block_size = static_cast<std::size_t>(config.block_size);
  const std::size_t room = lane_room(documents, block_size);
  const Activations<T> empty(config, room);
  workspaces_.assign(static_cast<std::size_t>(team.size()), {{}, empty, empty});
  for (Workspace& workspace : workspaces_) workspace.batch.reserve(documents, room);
  batch_.reserve(documents, documents * block_size);
  weight_.reserve(documents * block_size);
  tokens_.reserve(block_size + 1);
  lanes_.reserve(kMaxLanes);
}

template <class T>
void Lanes<T>::fill(std::span<const Example> examples) {
  batch_.clear();
  for (const Example& example : examples) {
    tokens_.clear();
    if (example.opens) tokens_.push_back(tokenizer_.bos());
    tokenizer_.encode(example.text, tokens_);
    if (example.closes) tokens_.push_back(tokenizer_.bos());
    batch_.add(tokens_);
  }

  cut_into_lanes(batch_, lanes_);
}

template <class T>
template <class Work>
void Lanes<T>::each_lane(const Work& work) {
  team_.run(static_cast<int>(lanes_.size()), [&](int task, int worker) {
    Lane& lane = lanes_[static_cast<std::size_t>(task)];
    Workspace& workspace = workspaces_[static_cast<std::size_t>(worker)];
    workspace.batch.assign(batch_, lane.begin, lane.end);
    work(lane, static_cast<std::size_t>(task), workspace);
  });
}

template <class T>
double Lanes<T>::loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples,
                                   LossMean mean) {
  fill(examples);
  weight_.clear();
  for (std::size_t d = 0; d < batch_.documents(); ++d) {
    const int n = batch_.offsets[d + 1] - batch_.offsets[d];
    const double weight = mean == LossMean::document ? 1.0 / (static_cast<double>(examples.size()) * n)
                                                     : 1.0 / static_cast<double>(batch_.positions());
    weight_.insert(weight_.end(), static_cast<std::size_t>(n), static_cast<T>(weight));
  }
  while (gradients_.size() < lanes_.size()) gradients_.emplace_back(config_);

  each_lane([&](Lane& lane, std::size_t number, Workspace& workspace) {
    auto& [batch, a, da] = workspace;
    const auto first = static_cast<std::size_t>(batch_.offsets[lane.begin]);
    const auto weight = std::span<const T>(weight_).subspan(first, batch.positions());
    gpt_forward<T>(config_, parameters, batch, a);
    gradients_[number].set_zero();
    gpt_backward<T>(config_, parameters, batch, weight, a, da, gradients_[number]);

    const auto nll = a.nll();
    for (std::size_t p = 0; p < weight.size(); ++p) {
      lane.loss += static_cast<double>(weight[p]) * static_cast<double>(nll(static_cast<Index>(p), 0));
    }
  });

  double loss = 0;
  for (const Lane& lane : lanes_) loss += lane.loss;
  return loss;
}

template <class T>
LossSum Lanes<T>::loss(const Parameters<T>& parameters, std::span<const Example> examples) {
  fill(examples);
  each_lane([&](Lane& lane, std::size_t /*number*/, Workspace& workspace) {
    gpt_forward<T>(config_, parameters, workspace.batch, workspace.a);
    const auto nll = workspace.a.nll();
    for (Index p = 0; p < nll.rows(); ++p) lane.loss += static_cast<double>(nll(p, 0));
  });
  LossSum sum;
  for (const Lane& lane : lanes_) sum.nll += lane.loss;
  sum.positions = batch_.positions();
  return sum;
}

template <class T>
void Lanes<T>::sum_gradients(std::size_t begin, std::size_t size) {
  for (std::size_t gap = 1; gap < lanes_.size(); gap *= 2) {
    for (std::size_t l = 0; l + gap < lanes_.size(); l += 2 * gap) {
      const auto to = gradients_[l].values().subspan(begin, size);
      const auto from = gradients_[l + gap].values().subspan(begin, size);
      for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
    }
  }
}

template class Lanes<float>;
template class Lanes<double>;

}  // namespace microgpt
