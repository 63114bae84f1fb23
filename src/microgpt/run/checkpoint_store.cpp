#include "microgpt/run/checkpoint_store.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

bool keeps_step(const RunConfig& config, int step) {
  const int every = config.checkpoint_every;
  return step == config.train.steps || (step > 0 && every > 0 && step % every == 0);
}

CheckpointStore::CheckpointStore(RunFolder folder, const RunConfig& config, const Tokenizer& tokenizer)
    : folder_(std::move(folder)), config_(config), tokenizer_(tokenizer) {}

template <class T>
void CheckpointStore::save(const TrainingRecord& record, const TrainState<T>& state) {
  save_checkpoint(folder_.checkpoint(record.step), config_, tokenizer_, record, state);
  remove_old(record.step);
}

template <class T>
bool CheckpointStore::save_if_best(const TrainingRecord& record, const TrainState<T>& state) {
  if (!record.held_out_loss) return false;
  if (!best_is_known_) {
    best_is_known_ = true;
    try {
      const Checkpoint best = Checkpoint::load(folder_.best_checkpoint());
      // A loss on other text says nothing of this one.
      if (best.training().data_sha256 == record.data_sha256) best_ = best.training().held_out_loss;
    } catch (const Error&) {  // none, or a damaged one
    }
  }
  if (best_ && *record.held_out_loss >= *best_) return false;
  save_checkpoint(folder_.best_checkpoint(), config_, tokenizer_, record, state);
  best_ = record.held_out_loss;
  return true;
}

void CheckpointStore::remove_old(int newest) const {
  int kept = 0;
  for (const int step : folder_.checkpoint_steps()) {  // newest first
    if (step > newest) continue;                       // damaged ones, to be written again
    const bool is_kept =
        keeps_step(config_, step) || std::find(kept_too_.begin(), kept_too_.end(), step) != kept_too_.end();
    if (step == newest && !is_kept) continue;
    const bool keep = is_kept && (config_.keep == 0 || ++kept <= config_.keep);
    if (keep) continue;
    try {
      remove_file(folder_.checkpoint(step));
    } catch (const Error&) {  // one more than asked for is no harm
    }
  }
}

template void CheckpointStore::save<float>(const TrainingRecord&, const TrainState<float>&);
template void CheckpointStore::save<double>(const TrainingRecord&, const TrainState<double>&);
template bool CheckpointStore::save_if_best<float>(const TrainingRecord&, const TrainState<float>&);
template bool CheckpointStore::save_if_best<double>(const TrainingRecord&, const TrainState<double>&);

}  // namespace microgpt
