// A batch cut into shards: consecutive documents that are worked at a time. Of a small model a shard has about 128
// positions, and one thread works it from the first embedding to the shard's own gradient; of a large one it has about a
// thousand, for which all threads share every operation, and adds to the one gradient. The cut depends on the batch and
// the model alone, never on the machine, and what the shards bring is added in one fixed order; so the sums are the same
// bytes for any number of threads.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/model/loss_sum.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/config.hpp"
#include "microgpt/train/gradient_tree.hpp"

namespace microgpt {

/// Short enough that its activations stay in the nearest caches, long enough that a pass over all weights
/// pays: what a shard costs besides its positions is its gradient, set to 0, filled and added.
inline constexpr std::size_t kShardPositions = 128;

/// The more shards, the more threads wait for each other.
inline constexpr std::size_t kMaxShards = 64;

/// So many parameters that a product is long enough to be shared among threads, and a second gradient a burden.
inline constexpr Index kLargeModel = 500'000;

/// Of at least so many parameters, and of rows of whole cache lines, or two threads would write to one.
bool is_large(const ModelConfig& model);

/// So many that copying the weights into the caches pays, and so few that memory goes into the weights.
inline constexpr std::size_t kLargeShardPositions = 1024;

/// Number of shards of a batch. Of a small model a power of two, so that 2, 4 or 8 threads have equal shares.
std::size_t shard_count(std::size_t positions, bool large);

/// Room for the positions of a shard, of batches of so many documents.
std::size_t shard_room(std::size_t documents, std::size_t block_size, bool large);

struct Shard {
  std::size_t begin = 0;  ///< documents begin ... end - 1 of the batch
  std::size_t end = 0;
  double loss = 0;  ///< Σ weight nll, or Σ nll
};

/// Shards of nearly equal numbers of positions, none of them empty.
void cut_into_shards(const Batch& batch, bool large, std::vector<Shard>& shards);

template <class T>
class Shards {
 public:
  /// Room for `documents` documents at a time; with or without dropout.
  Shards(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents, ThreadTeam& team,
         bool dropout = false);

  /// Loss of the examples, as the mean asked for, and its gradient; under this dropout, if there is one.
  double loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples, LossMean mean,
                           const Dropout& dropout = {});

  /// Loss alone.
  LossSum loss(const Parameters<T>& parameters, std::span<const Example> examples);

  /// The gradient of the last loss.
  [[nodiscard]] std::span<const T> gradient() const { return gradients_.sum().values(); }

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

  /// Calls work(shard, workspace with the shard's documents) for every shard.
  template <class Work>
  void each_shard(const Work& work);

  void forward(const Parameters<T>& parameters, Workspace& workspace, const Dropout& dropout = {});
  void backward(const Parameters<T>& parameters, std::span<const T> weight, Workspace& workspace,
                Parameters<T>& gradient, const Dropout& dropout);

  const ModelConfig& config_;
  const bool large_;
  const Tokenizer& tokenizer_;
  ThreadTeam& team_;
  Batch batch_;            // of the last call, as are:
  std::vector<T> weight_;  // of each position's nll in the loss
  std::vector<Shard> shards_;
  GradientTree<T> gradients_;
  std::vector<Workspace> workspaces_;  // one a thread; of a large model one for all
  std::vector<Token> tokens_;          // scratch
};

}  // namespace microgpt
