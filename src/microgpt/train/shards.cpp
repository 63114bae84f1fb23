#include "microgpt/train/shards.hpp"

#include <algorithm>
#include <bit>

#include "microgpt/nn/fast/forms.hpp"

namespace microgpt {

std::size_t shard_count(std::size_t positions) {
  return std::min(kMaxShards, std::bit_ceil((positions + kShardPositions / 2) / kShardPositions));
}

std::size_t shard_room(std::size_t documents, std::size_t block_size) {
  // shard_count() rounds down by less than half a shard; and a shard ends with a whole document.
  const std::size_t share = std::max(kShardPositions * 3 / 2, documents * block_size / kMaxShards);
  return std::min(documents * block_size, share + block_size);
}

void cut_into_shards(const Batch& batch, std::vector<Shard>& shards) {
  const std::size_t count = shard_count(batch.positions());
  shards.clear();
  for (std::size_t document = 0; document < batch.documents();) {
    Shard shard{.begin = document};
    // Each shard ends with the document that reaches its share of the positions.
    const std::size_t until = (shards.size() + 1) * batch.positions() / count;
    do ++document;
    while (document < batch.documents() && static_cast<std::size_t>(batch.offsets[document]) < until);
    shard.end = document;
    shards.push_back(shard);
  }
}

template <class T>
Shards<T>::Shards(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents,
                  ThreadTeam& team)
    : config_(config), tokenizer_(tokenizer), team_(team) {
  // Eigen cuts large products into blocks by the sizes of the caches, and the cut decides the order
  // of a sum: fixed sizes, so that every machine cuts alike.
  Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20);
  const auto block_size = static_cast<std::size_t>(config.block_size);
  const std::size_t room = shard_room(documents, block_size);
  const Activations<T> empty(config, room);
  workspaces_.assign(static_cast<std::size_t>(team.size()), {{}, empty, empty});
  for (Workspace& workspace : workspaces_) workspace.batch.reserve(documents, room);
  batch_.reserve(documents, documents * block_size);
  weight_.reserve(documents * block_size);
  tokens_.reserve(block_size + 1);
  shards_.reserve(kMaxShards);
}

template <class T>
void Shards<T>::fill(std::span<const Example> examples) {
  batch_.clear();
  for (const Example& example : examples) {
    tokens_.clear();
    tokenizer_.encode(example, tokens_);
    batch_.add(tokens_);
  }

  cut_into_shards(batch_, shards_);
}

template <class T>
template <class Work>
void Shards<T>::each_shard(const Work& work) {
  team_.run(static_cast<int>(shards_.size()), [&](int task, int worker) {
    Shard& shard = shards_[static_cast<std::size_t>(task)];
    Workspace& workspace = workspaces_[static_cast<std::size_t>(worker)];
    workspace.batch.assign(batch_, shard.begin, shard.end);
    work(shard, static_cast<std::size_t>(task), workspace);
  });
}

template <class T>
double Shards<T>::loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples,
                                    LossMean mean) {
  fill(examples);
  weight_.clear();
  for (std::size_t d = 0; d < batch_.documents(); ++d) {
    const int n = batch_.offsets[d + 1] - batch_.offsets[d];
    const double weight = mean == LossMean::document ? 1.0 / (static_cast<double>(examples.size()) * n)
                                                     : 1.0 / static_cast<double>(batch_.positions());
    weight_.insert(weight_.end(), static_cast<std::size_t>(n), static_cast<T>(weight));
  }
  while (gradients_.size() < shards_.size()) gradients_.emplace_back(config_);

  each_shard([&](Shard& shard, std::size_t number, Workspace& workspace) {
    auto& [batch, a, da] = workspace;
    const auto first = static_cast<std::size_t>(batch_.offsets[shard.begin]);
    const auto weight = std::span<const T>(weight_).subspan(first, batch.positions());
    gpt_forward<T>(config_, parameters, batch, a);
    gradients_[number].set_zero();
    gpt_backward<T>(config_, parameters, batch, weight, a, da, gradients_[number]);

    const auto nll = a.nll();
    for (std::size_t p = 0; p < weight.size(); ++p) {
      shard.loss += static_cast<double>(weight[p]) * static_cast<double>(nll(static_cast<Index>(p), 0));
    }
  });

  double loss = 0;
  for (const Shard& shard : shards_) loss += shard.loss;
  return loss;
}

template <class T>
LossSum Shards<T>::loss(const Parameters<T>& parameters, std::span<const Example> examples) {
  fill(examples);
  each_shard([&](Shard& shard, std::size_t /*number*/, Workspace& workspace) {
    gpt_forward<T>(config_, parameters, workspace.batch, workspace.a);
    const auto nll = workspace.a.nll();
    for (Index p = 0; p < nll.rows(); ++p) shard.loss += static_cast<double>(nll(p, 0));
  });
  LossSum sum{.characters = batch_.positions()};
  for (const Shard& shard : shards_) sum.nats += shard.loss;
  return sum;
}

template <class T>
void Shards<T>::sum_gradients(std::size_t begin, std::size_t size) {
  for (std::size_t gap = 1; gap < shards_.size(); gap *= 2) {
    for (std::size_t s = 0; s + gap < shards_.size(); s += 2 * gap) {
      const auto to = gradients_[s].values().subspan(begin, size);
      const auto from = gradients_[s + gap].values().subspan(begin, size);
      fast::arithmetic<T>().add(to.data(), from.data(), static_cast<Index>(size));
    }
  }
}

template class Shards<float>;
template class Shards<double>;

}  // namespace microgpt
