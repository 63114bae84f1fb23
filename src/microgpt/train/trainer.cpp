#include "microgpt/train/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "microgpt/base/error.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/nonfinite.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

/// Parameters are shared out among threads in slices of this many.
constexpr std::size_t kSlice = 4096;

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
  return static_cast<double>(parameter_count(model)) * static_cast<double>(3 + copies + gradients)
         + static_cast<double>(workspace) * (large ? 1.0 : static_cast<double>(threads));
}

template <class T>
Trainer<T>::Trainer(const ModelConfig& model, const TrainConfig& config, const Tokenizer& tokenizer,
                    const Examples& examples, TrainState<T>& state, int threads)
    : config_(config),
      examples_(examples),
      state_(state),
      team_(threads),
      shards_(model, tokenizer, most_documents(config), team_) {}

template <class T>
StepReport Trainer<T>::step(const std::function<void()>& before_update) {
  const auto batch_size = static_cast<std::size_t>(config_.batch_size);
  const auto first = static_cast<std::uint64_t>(state_.step) * batch_size;
  batch_.clear();
  for (std::size_t i = 0; i < batch_size; ++i) batch_.push_back(examples_[first + i]);

  StepReport report;
  report.loss = shards_.loss_and_gradient(state_.parameters, batch_, config_.loss);
  report.positions = shards_.positions();
  report.learning_rate = learning_rate(config_, state_.step);
  if (!std::isfinite(report.loss)) break_down("the loss is not a finite number", {});

  const std::size_t count = state_.parameters.values().size();
  const auto slices = static_cast<int>((count + kSlice - 1) / kSlice);
  const auto each_slice = [&](const auto& work) {
    team_.run(slices, [&](int slice, int /*worker*/) {
      const std::size_t begin = static_cast<std::size_t>(slice) * kSlice;
      work(begin, std::min(begin + kSlice, count) - begin);
    });
  };
  std::atomic<bool> good_gradient = true;
  std::atomic<bool> good_update = true;
  const auto update = [&](std::size_t begin, std::size_t size, T scale) {
    const auto w = state_.parameters.values().subspan(begin, size);
    const auto v = state_.v.values().subspan(begin, size);
    adam_update<T>(w, state_.m.values().subspan(begin, size), v, shards_.gradient().subspan(begin, size),
                   config_, state_.step, scale);
    if (!all_finite<T>(w) || !all_finite<T>(v)) good_update = false;
  };
  if (config_.grad_clip > 0 || before_update) {
    // The whole gradient must be known before the first update: two passes.
    slice_squares_.resize(static_cast<std::size_t>(slices));
    each_slice([&](std::size_t begin, std::size_t size) {
      const auto gradient = shards_.gradient().subspan(begin, size);
      if (!all_finite<T>(gradient)) good_gradient = false;
      double squares = 0;
      for (const T g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
      slice_squares_[begin / kSlice] = squares;
    });
    const double norm = std::sqrt(std::accumulate(slice_squares_.begin(), slice_squares_.end(), 0.0));
    if (config_.grad_clip > 0) {
      report.grad_norm = norm;
      if (!std::isfinite(norm)) good_gradient = false;
    }
    if (good_gradient) {
      if (before_update) before_update();
      const auto scale = static_cast<T>(clip_scale(config_, norm));
      each_slice([&](std::size_t begin, std::size_t size) { update(begin, size, scale); });
    }
  } else {
    each_slice([&](std::size_t begin, std::size_t size) {
      if (all_finite<T>(shards_.gradient().subspan(begin, size))) {
        update(begin, size, T(1));
      } else {
        good_gradient = false;
      }
    });
  }
  if (!good_gradient) {
    break_down("the norm of the gradient is not a finite number",
               find_nonfinite_gradient<T>(state_.parameters, shards_.gradient()));
  }
  if (!good_update) {
    throw breakdown(state_.step + 1, find_nonfinite_update<T>(state_.parameters, state_.m, state_.v));
  }
  report.step = ++state_.step;
  return report;
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
