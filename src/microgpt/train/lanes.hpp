// A batch cut into lanes: at most 8 consecutive documents each, worked by one thread from the first
// embedding to the lane's own gradient. The cut depends on the batch alone, never on the machine,
// and what the lanes bring is added in one fixed order; so the sums are the same bytes for any
// number of threads.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt {

inline constexpr std::size_t kLaneDocuments = 8;

/// Σ nll and the number of positions it was taken over.
struct LossSum {
  double nll = 0;
  std::size_t positions = 0;
};

template <class T>
class Lanes {
 public:
  /// Room for `documents` documents at a time.
  Lanes(const ModelConfig& config, const Tokenizer& tokenizer, std::size_t documents, ThreadTeam& team);

  /// Loss of the examples, as the mean asked for; its gradient waits in the lanes to be summed.
  double loss_and_gradient(const Parameters<T>& parameters, std::span<const Example> examples, LossMean mean);

  /// Loss alone.
  LossSum loss(const Parameters<T>& parameters, std::span<const Example> examples);

  /// Adds up the gradients of the lanes of the last call, for `size` parameters from `begin` on: a
  /// binary tree over lane numbers.
  void sum_gradients(std::size_t begin, std::size_t size);

  /// The gradient of the loss, where it has been summed.
  [[nodiscard]] std::span<const T> gradient() const { return gradients_[0].values(); }

  /// Positions of the last call.
  [[nodiscard]] std::size_t positions() const { return positions_; }

 private:
  struct Lane {
    Batch batch;
    std::vector<T> weight;  // of each position's nll in the loss
    double loss = 0;        // Σ weight nll, or Σ nll
  };

  /// Shares the examples out among lanes.
  void fill(std::span<const Example> examples);

  const ModelConfig& config_;
  const Tokenizer& tokenizer_;
  ThreadTeam& team_;
  std::vector<Lane> lanes_;
  std::vector<Parameters<T>> gradients_;  // one a lane, made when first needed
  struct Workspace {
    Activations<T> a, da;
  };
  std::vector<Workspace> workspaces_;  // one a thread
  std::vector<Token> tokens_;          // scratch
  std::size_t used_ = 0;               // lanes of the last call
  std::size_t positions_ = 0;
};

}  // namespace microgpt
