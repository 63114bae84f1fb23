// The update of all weights by their gradient, shared among threads: which thread takes which part changes no bit of it.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/train/config.hpp"
#include "microgpt/train/muon.hpp"
#include "microgpt/train/train_state.hpp"

namespace microgpt {

/// Long lists of numbers are shared out among threads in slices of this many.
inline constexpr std::size_t kSlice = 4096;

template <class T>
class Optimizer {
 public:
  /// The references must outlive it.
  Optimizer(const ModelConfig& model, const TrainConfig& config, ThreadTeam& team);

  struct Outcome {
    bool good_gradient = true;  ///< whether every number of the gradient was finite
    bool good_update = true;    ///< ... and every number of what was written
  };
  /// The update of step state.step, by the gradient times `scale`. Parts whose gradient is not finite are not updated.
  Outcome update(TrainState<T>& state, std::span<const T> gradient, T scale);

 private:
  const TrainConfig& config_;
  ThreadTeam& team_;
  std::vector<std::size_t> by_muon_;     // tensors of the table, the larger ones first
  std::size_t by_adam_ = 0;              // so many numbers, from the first
  std::vector<MuonScratch<T>> scratch_;  // of each worker
};

}  // namespace microgpt
