// The gradients of a batch's shards, added up in a binary tree over shard numbers: of neighbours first. The tree is the
// same for any number of threads; but a sum is formed as soon as both its terms are there, so that few gradients are in
// memory at a time: about one for each thread, and one for each level of the tree.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "microgpt/model/parameters.hpp"

namespace microgpt {

template <class T>
class GradientTree {
 public:
  /// The config must outlive it.
  GradientTree(const ModelConfig& config, int threads) : config_(config), threads_(threads) {}

  /// How many gradients there are at a time, unless a thread is held up very long.
  static std::size_t usual_gradients(std::size_t shards, int threads);

  /// Begins a new sum, of so many shards.
  void start(std::size_t shards);

  /// A gradient to fill, of anything. Threads may call this and add() at the same time.
  Parameters<T>& take();
  /// Brings a shard's, which was taken before.
  void add(std::size_t shard, Parameters<T>& gradient);

  /// The sum, once all are there.
  [[nodiscard]] const Parameters<T>& sum() const { return *waiting_[0].sum; }

 private:
  void make_gradient();

  const ModelConfig& config_;
  int threads_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Parameters<T>>> gradients_;
  std::vector<Parameters<T>*> free_;
  /// The sum of `shards` shards, waiting for its neighbour.
  struct Waiting {
    Parameters<T>* sum = nullptr;
    std::size_t shards = 0;
  };
  std::vector<Waiting> waiting_;  // by the number of its first shard
};

}  // namespace microgpt
