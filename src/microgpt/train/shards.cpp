#include "microgpt/train/shards.hpp"

#include <algorithm>
#include <bit>

namespace microgpt {

bool is_large(const ModelConfig& model) {
  return model.n_embd % 16 == 0 && parameter_count(model) >= kLargeModel;
}

std::size_t shard_count(std::size_t positions, bool large) {
  if (large) return std::max<std::size_t>(1, (positions + kLargeShardPositions - 1) / kLargeShardPositions);
  return std::min(kMaxShards, std::bit_ceil((positions + kShardPositions / 2) / kShardPositions));
}

std::size_t shard_room(std::size_t documents, std::size_t block_size, bool large) {
  // Of small models, shard_count() rounds down by less than half a shard; and a shard ends with a whole document.
  const std::size_t share =
      large ? kLargeShardPositions : std::max(kShardPositions * 3 / 2, documents * block_size / kMaxShards);
  return std::min(documents * block_size, share + block_size);
}

void cut_into_shards(const Batch& batch, bool large, std::vector<Shard>& shards) {
  const std::size_t count = shard_count(batch.positions(), large);
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
                  ThreadTeam& team, bool dropout)
    : config_(config),
      large_(is_large(config)),
      tokenizer_(tokenizer),
      team_(team),
      gradients_(config, team.size()) {
  // Eigen cuts large products into blocks by the sizes of the caches, and the cut decides the order
  // of a sum: fixed sizes, so that every machine cuts alike.
  Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20);
  const auto block_size = static_cast<std::size_t>(config.block_size);
  const std::size_t room = shard_room(documents, block_size, large_);
  const std::size_t workspaces = large_ ? 1 : static_cast<std::size_t>(team.size());
  for (std::size_t i = 0; i < workspaces; ++i) {
    workspaces_.push_back({{},
                           {config, room, Keep::values},
                           {config, room, dropout ? Keep::dropout_gradients : Keep::gradients}});
    workspaces_.back().batch.reserve(documents, room);
  }
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

  cut_into_shards(batch_, large_, shards_);
}

template <class T>
template <class Work>
void Shards<T>::each_shard(const Work& work) {
  const auto with_documents = [&](Shard& shard, Workspace& workspace) {
    workspace.batch.assign(batch_, shard.begin, shard.end);
    work(shard, workspace);
  };
  if (large_) {
    for (Shard& shard : shards_) with_documents(shard, workspaces_[0]);
    return;
  }
  team_.run(static_cast<int>(shards_.size()), [&](int task, int worker) {
    with_documents(shards_[static_cast<std::size_t>(task)], workspaces_[static_cast<std::size_t>(worker)]);
  });
}

template <class T>
void Shards<T>::forward(const Parameters<T>& parameters, Workspace& workspace, const Dropout& dropout) {
  auto& [batch, a, da] = workspace;
  if (large_) return gpt_forward<T>(config_, parameters, batch, a, team_, dropout);
  gpt_forward<T>(config_, parameters, batch, a, Kernels::fast, dropout);
}

template <class T>
void Shards<T>::backward(const Parameters<T>& parameters, std::span<const T> weight, Workspace& workspace,
                         Parameters<T>& gradient, const Dropout& dropout) {
  auto& [batch, a, da] = workspace;
  if (large_) return gpt_backward<T>(config_, parameters, batch, weight, a, da, gradient, team_, dropout);
  gpt_backward<T>(config_, parameters, batch, weight, a, da, gradient, Kernels::fast, dropout);
}

template <class T>
double Shards<T>::loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples,
                                    LossMean mean, const Dropout& dropout) {
  fill(examples);
  weight_.clear();
  for (std::size_t d = 0; d < batch_.documents(); ++d) {
    const int n = batch_.offsets[d + 1] - batch_.offsets[d];
    const double weight = mean == LossMean::document ? 1.0 / (static_cast<double>(examples.size()) * n)
                                                     : 1.0 / static_cast<double>(batch_.positions());
    weight_.insert(weight_.end(), static_cast<std::size_t>(n), static_cast<T>(weight));
  }

  const auto work = [&](Shard& shard, Workspace& workspace, Parameters<T>& gradient) {
    const auto first = static_cast<std::size_t>(batch_.offsets[shard.begin]);
    const auto weight = std::span<const T>(weight_).subspan(first, workspace.batch.positions());
    // Masks go by the rows of the whole batch, so that they do not depend on its cut.
    const Dropout of_shard{dropout.rate, dropout.key, static_cast<Index>(first)};
    forward(parameters, workspace, of_shard);
    backward(parameters, weight, workspace, gradient, of_shard);

    const auto nll = workspace.a.nll();
    for (std::size_t p = 0; p < weight.size(); ++p) {
      shard.loss += static_cast<double>(weight[p]) * static_cast<double>(nll(static_cast<Index>(p), 0));
    }
  };
  if (large_) {
    gradients_.start(1);
    Parameters<T>& gradient = gradients_.take();
    gradient.set_zero();
    each_shard([&](Shard& shard, Workspace& workspace) { work(shard, workspace, gradient); });
    gradients_.add(0, gradient);
  } else {
    gradients_.start(shards_.size());
    each_shard([&](Shard& shard, Workspace& workspace) {
      Parameters<T>& gradient = gradients_.take();
      gradient.set_zero();
      work(shard, workspace, gradient);
      gradients_.add(static_cast<std::size_t>(&shard - shards_.data()), gradient);
    });
  }

  double loss = 0;
  for (const Shard& shard : shards_) loss += shard.loss;
  return loss;
}

template <class T>
LossSum Shards<T>::loss(const Parameters<T>& parameters, std::span<const Example> examples) {
  fill(examples);
  each_shard([&](Shard& shard, Workspace& workspace) {
    forward(parameters, workspace);
    const auto nll = workspace.a.nll();
    for (Index p = 0; p < nll.rows(); ++p) shard.loss += static_cast<double>(nll(p, 0));
  });
  LossSum sum{.characters = batch_.positions()};
  for (const Shard& shard : shards_) sum.nats += shard.loss;
  return sum;
}

template class Shards<float>;
template class Shards<double>;

}  // namespace microgpt
