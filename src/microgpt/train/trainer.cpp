#include "microgpt/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "microgpt/base/error.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/nonfinite.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

/// Documents evaluated at a time.
constexpr std::size_t kEvaluationBatch = 256;

std::size_t most_documents(const TrainConfig& config) {
  return std::max(static_cast<std::size_t>(config.batch_size), kEvaluationBatch);
}

}  // namespace

template <class T>
double numbers_in_memory(const ModelConfig& model, const TrainConfig& config, int threads) {
  const bool large = is_large(model);
  const auto block_size = static_cast<std::size_t>(model.block_size);
  const std::size_t shards = shard_count(static_cast<std::size_t>(config.batch_size) * block_size, large);
  const std::size_t gradients = large ? 1 : GradientTree<T>::usual_gradients(shards, threads);
  const std::size_t copies = is_put_aside(model) ? 3 : 0;
  const std::size_t room = shard_room(most_documents(config), block_size, large);
  const Index workspace = Activations<T>::numbers(model, room, Keep::values)
                          + Activations<T>::numbers(model, room, Keep::gradients);
  const auto width = static_cast<double>(model.n_embd);
  const double muon =
      config.optimizer == OptimizerKind::muon ? 10 * width * width * threads : 0;  // MuonScratch
  return muon + static_cast<double>(parameter_count(model)) * static_cast<double>(3 + copies + gradients)
         + static_cast<double>(workspace) * (large ? 1.0 : static_cast<double>(threads));
}

template <class T>
Trainer<T>::Trainer(const ModelConfig& model, const TrainConfig& config, const Tokenizer& tokenizer,
                    const Examples& examples, TrainState<T>& state, int threads, std::uint64_t seed)
    : config_(config),
      seed_(seed),
      examples_(examples),
      state_(state),
      team_(threads),
      shards_(model, tokenizer, most_documents(config), team_, config.dropout > 0),
      optimizer_(model, config, team_) {}

template <class T>
StepReport Trainer<T>::step(const std::function<void()>& before_update) {
  const auto batch_size = static_cast<std::size_t>(config_.batch_size);
  const auto first = static_cast<std::uint64_t>(state_.step) * batch_size;
  batch_.clear();
  for (std::size_t i = 0; i < batch_size; ++i) batch_.push_back(examples_[first + i]);

  StepReport report;
  report.loss = shards_.loss_and_gradient(state_.parameters, batch_, config_.loss,
                                          dropout_of_step(config_.dropout, seed_, state_.step));
  report.positions = shards_.positions();
  report.learning_rate = learning_rate(config_, state_.step);
  if (!std::isfinite(report.loss)) break_down("the loss is not a finite number", {});

  typename Optimizer<T>::Outcome outcome;
  if (config_.grad_clip > 0 || before_update) {
    // The whole gradient must be known before the first update: two passes.
    const double norm = gradient_norm();
    if (config_.grad_clip > 0) report.grad_norm = norm;
    outcome.good_gradient =
        std::isfinite(norm) || (config_.grad_clip == 0 && all_finite<T>(shards_.gradient()));
    if (outcome.good_gradient) {
      if (before_update) before_update();
      outcome = optimizer_.update(state_, shards_.gradient(), static_cast<T>(clip_scale(config_, norm)));
    }
  } else {
    outcome = optimizer_.update(state_, shards_.gradient(), T(1));
  }
  if (!outcome.good_gradient) {
    break_down("the norm of the gradient is not a finite number",
               find_nonfinite_gradient<T>(state_.parameters, shards_.gradient()));
  }
  if (!outcome.good_update) {
    throw breakdown(state_.step + 1, find_nonfinite_update<T>(config_, state_));
  }
  report.step = ++state_.step;
  return report;
}

template <class T>
double Trainer<T>::gradient_norm() {
  const auto gradient = shards_.gradient();
  const std::size_t slices = (gradient.size() + kSlice - 1) / kSlice;
  slice_squares_.resize(slices);
  team_.run(static_cast<int>(slices), [&](int slice, int /*worker*/) {
    const std::size_t begin = static_cast<std::size_t>(slice) * kSlice;
    const auto part = gradient.subspan(begin, std::min(kSlice, gradient.size() - begin));
    double squares = 0;
    for (const T g : part) squares += static_cast<double>(g) * static_cast<double>(g);
    slice_squares_[static_cast<std::size_t>(slice)] = squares;
  });
  return std::sqrt(std::accumulate(slice_squares_.begin(), slice_squares_.end(), 0.0));
}

template <class T>
Error Trainer<T>::breakdown(int step, const std::string& found) const {
  return {Fault::numeric,
          {.what = "training broke down",
           .where = "step " + std::to_string(step),
           .hint = found + ": " + name_documents(batch_) + ": lower train.learning_rate"
                   + (config_.grad_clip > 0 ? "" : ", or set train.grad_clip to 1")}};
}

template <class T>
void Trainer<T>::break_down(const std::string& sign, const std::string& in_gradient) const {
  const std::string first =
      find_nonfinite_in_forward_pass<T>(shards_.config(), state_.parameters, shards_.batch());
  throw breakdown(state_.step + 1, !first.empty() ? first : !in_gradient.empty() ? in_gradient : sign);
}

template <class T>
double Trainer<T>::evaluate(const Examples& examples) {
  LossSum total;
  for (std::size_t begin = 0; begin < examples.size(); begin += kEvaluationBatch) {
    batch_.clear();
    for (std::size_t i = begin; i < std::min(begin + kEvaluationBatch, examples.size()); ++i) {
      batch_.push_back(examples[i]);
    }
    const LossSum part = shards_.loss(state_.parameters, batch_);
    if (!std::isfinite(part.nats)) {
      const std::string first =
          find_nonfinite_in_forward_pass<T>(shards_.config(), state_.parameters, shards_.batch());
      throw breakdown(state_.step,
                      "the held-out loss is not a finite number" + (first.empty() ? "" : ": " + first));
    }
    total += part;
  }
  return total.nats / static_cast<double>(total.characters);
}

template double numbers_in_memory<float>(const ModelConfig&, const TrainConfig&, int);
template double numbers_in_memory<double>(const ModelConfig&, const TrainConfig&, int);

template class Trainer<float>;
template class Trainer<double>;

}  // namespace microgpt
