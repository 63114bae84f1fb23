// A batch cut into shards: consecutive documents of about 128 positions in all, worked by one thread from the
// first embedding to the shard's own gradient. The cut depends on the batch alone, never on the machine, and
// what the shards bring is added in one fixed order; so the sums are the same bytes for any number of threads.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/model/loss_sum.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt {

/// Short enough that its activations stay in the nearest caches, long enough that a pass over all weights
/// pays: what a shard costs besides its positions is its gradient, set to 0, filled and added.
inline constexpr std::size_t kShardPositions = 128;

/// The more shards, the more gradients in memory.
inline constexpr std::size_t kMaxShards = 64;

/// Number of shards of a batch: a power of two, so that 2, 4 or 8 threads have equal shares.
std::size_t shard_count(std::size_t positions);

/// Room for the positions of a shard, of batches of so many documents: what a thread's activations have.
std::size_t shard_room(std::size_t documents, std::size_t block_size);

struct Shard {
  std::size_t begin = 0;  ///< documents begin ... end - 1 of the batch
  std::size_t end = 0;
  double loss = 0;  ///< Σ weight nll, or Σ nll
};

/// Shards of nearly equal numbers of positions, none of them empty.
void cut_into_shards(const Batch& batch, std::vector<Shard>& shards);

template <class T>
class Shards {
 public:
  /// Room for `documents` documents at a time.
  Shards(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents, ThreadTeam& team);

  /// Loss of the examples, as the mean asked for; its gradient waits in the shards to be summed.
  double loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples, LossMean mean);

  /// Loss alone.
  LossSum loss(const Parameters<T>& parameters, std::span<const Example> examples);

  /// Adds up the gradients of the shards of the last call, for `size` parameters from `begin` on: a
  /// binary tree over shard numbers.
  void sum_gradients(std::size_t begin, std::size_t size);

  /// The gradient of the loss, where it has been summed.
  [[nodiscard]] std::span<const T> gradient() const { return gradients_[0].values(); }

  [[nodiscard]] const ModelConfig& config() const { return config_; }

  /// The documents of the last call as tokens.
  [[nodiscard]] const Batch& batch() const { return batch_; }

  /// Positions of the last call.
  [[nodiscard]] std::size_t positions() const { return batch_.positions(); }

 private:
  struct Workspace {
    Batch batch;
    Activations<T> a, da;
  };

  /// Turns the examples into tokens and cuts them into shards.
  void fill(std::span<const Example> examples);

  /// Calls work(shard, its gradient's number, workspace with the shard's documents) for every shard.
  template <class Work>
  void each_shard(const Work& work);

  const ModelConfig& config_;
  const Tokenizer& tokenizer_;
  ThreadTeam& team_;
  Batch batch_;            // of the last call, as are:
  std::vector<T> weight_;  // of each position's nll in the loss
  std::vector<Shard> shards_;
  std::vector<Parameters<T>> gradients_;  // one a shard, made when first needed
  std::vector<Workspace> workspaces_;     // one a thread
  std::vector<Token> tokens_;             // scratch
};

}  // namespace microgpt
