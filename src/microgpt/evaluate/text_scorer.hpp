// How surprised a model is by each of many texts: what surprises() (evaluate/score.hpp) adds up to, read in batches and
// by several threads.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/activations.hpp"
#include "microgpt/model/loss_sum.hpp"
#include "microgpt/model/parameters.hpp"

namespace microgpt {

template <class T>
class TextScorer {
 public:
  /// The config and the parameters must outlive it. `masked` is a token that is never predicted, or -1. The number of
  /// threads changes no result.
  TextScorer(const ModelConfig& config, const Parameters<T>& parameters, int threads, int masked = -1);

  /// Takes the next tokens of the text at hand; `last` ends it. The first token of a text is only read. A text that
  /// outgrows the context is read as the model reads its own writing (generate/sliding_decoder.hpp).
  void add(std::span<const int> tokens, bool last = true);

  /// The surprise of every text, in the order in which they came.
  std::vector<LossSum> finish();

 private:
  /// What is read at once: of its predictions the first `known` were made in the window before it.
  struct Window {
    std::size_t text = 0;
    std::size_t known = 0;
    std::size_t begin = 0, size = 0;  // of its tokens in tokens_
    double nats = 0;
  };

  void take(std::span<const int> window);
  void read_windows();
  void read_together(std::span<Window> windows, Activations<T>& a) const;

  const ModelConfig& config_;
  const Parameters<T>& parameters_;
  int masked_;
  ThreadTeam team_;
  std::vector<Activations<T>> workspaces_;  // one for each thread
  std::vector<int> rest_;                   // of the text at hand, from the next window on
  std::size_t known_ = 0;                   // of the next window
  std::vector<Window> windows_;             // that are not read yet
  std::vector<int> tokens_;                 // theirs
  std::vector<LossSum> sums_;
};

}  // namespace microgpt
