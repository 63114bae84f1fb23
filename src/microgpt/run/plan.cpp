#include "microgpt/run/plan.hpp"

#include <algorithm>

#include "microgpt/base/time_taken.hpp"
#include "microgpt/run/training.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt {

namespace {

template <class T>
Cost cost_in(const RunConfig& config, const Corpus& corpus, int threads, double seconds) {
  constexpr int kFewest = 3;
  constexpr std::size_t kEvaluated = 20'000;  // positions
  TrainState<T> state(config.model);
  Rng rng(config.seed);
  initialize(state.parameters, config.init, rng);
  TrainConfig train = config.train;
  train.steps = std::max(train.steps, 1'000'000);  // it must not come to its end
  Trainer<T> trainer(config.model, train, corpus.tokenizer, corpus.training, state, threads, config.seed);
  trainer.step();  // the first makes room, and brings everything near
  Cost cost;
  const TimeTaken training;
  int steps = 0;
  for (; steps < kFewest || training.seconds() < seconds; ++steps) trainer.step();
  cost.step = training.seconds() / steps;
  if (!corpus.held_out.empty()) {
    const Examples some = corpus.held_out.sample(kEvaluated);
    const std::size_t all = corpus.held_out.positions();
    cost.evaluated =
        config.eval_positions > 0 ? std::min(all, static_cast<std::size_t>(config.eval_positions)) : all;
    const TimeTaken evaluating;
    trainer.evaluate(some);
    cost.evaluation =
        evaluating.seconds() * static_cast<double>(cost.evaluated) / static_cast<double>(some.positions());
  }
  return cost;
}

}  // namespace

Cost measure_cost(const RunConfig& config, const Corpus& corpus, int threads, double seconds) {
  check_memory(config, threads, config.data.path);
  if (config.precision == Precision::float32) return cost_in<float>(config, corpus, threads, seconds);
  return cost_in<double>(config, corpus, threads, seconds);
}

int steps_within(double seconds, const Cost& cost, int eval_every) {
  // A machine is busier at one time than at another, and at the end there are files and samples to write.
  constexpr double kMargin = 0.05;
  constexpr double kMostSteps = 1e9;
  const double once = eval_every > 0 ? 0 : cost.evaluation;
  const double each = cost.step + (eval_every > 0 ? cost.evaluation / eval_every : 0);
  return static_cast<int>(std::clamp(((1 - kMargin) * seconds - once) / each, 1.0, kMostSteps));
}

}  // namespace microgpt
