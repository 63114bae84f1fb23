#include "microgpt/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "microgpt/base/error.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt {

namespace {

/// Parameters are shared out among threads in slices of this many.
constexpr std::size_t kSlice = 4096;

/// Documents evaluated at a time.
constexpr std::size_t kEvaluationBatch = 32 * kLaneDocuments;

}  // namespace

double numbers_in_memory(const ModelConfig& model, const TrainConfig& config) {
  const double L = model.n_layer, C = model.n_embd, H = model.n_head, T = model.block_size,
               V = model.vocab_size;
  const double weights = (2 * V + T) * C + 12 * L * C * C;
  const double lanes = std::ceil(config.batch_size / static_cast<double>(kLaneDocuments));
  const double position = L * (18 * C + 2 * H * T) + 3 * C + 2 * V;
  const double positions = std::min(config.batch_size, static_cast<int>(kLaneDocuments)) * T;
  return weights * (3 + lanes) + 2 * positions * position;
}

template <class T>
Trainer<T>::Trainer(const ModelConfig& model, const TrainConfig& config, const Tokenizer& tokenizer,
                    const Examples& examples, TrainState<T>& state, int threads)
    : config_(config),
      examples_(examples),
      state_(state),
      team_(threads),
      lanes_(model, tokenizer, std::max(static_cast<std::size_t>(config.batch_size), kEvaluationBatch),
             team_) {}

template <class T>
StepReport Trainer<T>::step() {
  const auto batch_size = static_cast<std::size_t>(config_.batch_size);
  const auto first = static_cast<std::uint64_t>(state_.step) * batch_size;
  batch_.clear();
  for (std::size_t i = 0; i < batch_size; ++i) batch_.push_back(examples_[first + i]);

  StepReport report;
  report.loss = lanes_.loss_and_gradient(state_.parameters, batch_, config_.loss);
  report.positions = lanes_.positions();
  report.learning_rate = learning_rate(config_, state_.step);
  const auto check_finite = [&](double value, const char* name) {
    if (std::isfinite(value)) return;
    throw Error(Fault::numeric, "training broke down: step " + std::to_string(state_.step + 1) + ": the " + name
                                    + " is not a finite number: lower train.learning_rate, or set "
                                      "train.grad_clip to 1");
  };
  check_finite(report.loss, "loss");

  const std::size_t count = state_.parameters.values().size();
  const auto slices = static_cast<int>((count + kSlice - 1) / kSlice);
  const auto each_slice = [&](const auto& work) {
    team_.run(slices, [&](int slice, int /*worker*/) {
      const std::size_t begin = static_cast<std::size_t>(slice) * kSlice;
      work(begin, std::min(begin + kSlice, count) - begin);
    });
  };
  const auto update = [&](std::size_t begin, std::size_t size, T scale) {
    adam_update<T>(state_.parameters.values().subspan(begin, size), state_.m.values().subspan(begin, size),
                   state_.v.values().subspan(begin, size), lanes_.gradient().subspan(begin, size), config_,
                   state_.step, scale);
  };
  if (config_.grad_clip > 0) {
    // The whole norm must be known before the first update: two passes.
    slice_squares_.resize(static_cast<std::size_t>(slices));
    each_slice([&](std::size_t begin, std::size_t size) {
      lanes_.sum_gradients(begin, size);
      double squares = 0;
      for (const T g : lanes_.gradient().subspan(begin, size)) {
        squares += static_cast<double>(g) * static_cast<double>(g);
      }
      slice_squares_[begin / kSlice] = squares;
    });
    report.grad_norm = std::sqrt(std::accumulate(slice_squares_.begin(), slice_squares_.end(), 0.0));
    check_finite(report.grad_norm, "norm of the gradient");
    const double scale = std::min(1.0, config_.grad_clip / report.grad_norm);
    each_slice([&](std::size_t begin, std::size_t size) { update(begin, size, static_cast<T>(scale)); });
  } else {
    each_slice([&](std::size_t begin, std::size_t size) {
      lanes_.sum_gradients(begin, size);
      update(begin, size, T(1));
    });
  }
  report.step = ++state_.step;
  return report;
}

template <class T>
double Trainer<T>::evaluate(const Examples& examples) {
  LossSum total;
  for (std::size_t begin = 0; begin < examples.size(); begin += kEvaluationBatch) {
    batch_.clear();
    for (std::size_t i = begin; i < std::min(begin + kEvaluationBatch, examples.size()); ++i) {
      batch_.push_back(examples[i]);
    }
    const LossSum part = lanes_.loss(state_.parameters, batch_);
    total.nll += part.nll;
    total.positions += part.positions;
  }
  return total.nll / static_cast<double>(total.positions);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace microgpt
