// The run itself: step after step, what is saved and when, and the samples at its end.
#include <chrono>

#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "cli/train.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/checkpoint_store.hpp"
#include "microgpt/io/held_out_history.hpp"
#include "microgpt/io/metrics.hpp"
#include "microgpt/train/early_stopping.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt::cli {

namespace {

/// The clock of a run with a time budget. A run that goes on has used what its checkpoint's place in the
/// schedule says.
class Stopwatch {
 public:
  Stopwatch(const RunConfig& config, int step)
      : budget_(config.time_budget), used_(budget_ * step / config.train.steps) {}

  [[nodiscard]] double elapsed() const {
    return used_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] bool over() const { return elapsed() >= budget_; }
  [[nodiscard]] double left() const { return std::max(0.0, budget_ - elapsed()); }

 private:
  double budget_;
  double used_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The line that takes a run up again.
std::string go_on(const RunFolder& folder) {
  return "go on with: " + program_name() + " train --resume " + shell_quoted(folder.path.string());
}

}  // namespace

template <class T>
Outcome train_and_sample(const TrainOptions& options, RunConfig config, const Corpus& corpus,
                         const RunFolder& folder, TrainState<T>& state, const Past& past, Rng& rng) {
  Metrics metrics(folder.metrics(), state.step);
  EarlyStopping stopping(config.patience);
  if (past.same_text) {
    for (const double loss : held_out_history(folder.metrics())) stopping.add(loss);
  }
  if (stopping.over() && std::filesystem::exists(folder.samples())) {
    throw Error(Fault::usage,
                "nothing to resume: " + folder.path.string() + ": the run " + stopped_early(config));
  }
  CheckpointStore checkpoints(folder, config, corpus.tokenizer);
  Outcome outcome;
  outcome.data = corpus.summary;
  outcome.held_out_loss = past.held_out_loss;
  const auto record = [&] {
    return TrainingRecord{state.step, corpus.dataset.digest(), rng.state(), outcome.held_out_loss};
  };
  const auto save = [&] {
    metrics.sync();
    checkpoints.save(record(), state);
  };
  // A folder that cannot be written is found out before the first step, not hours later; and a run that is
  // killed at any time has something to go on from. One that was killed between its best checkpoint and the
  // same step's own goes on from the best, and still owes the other.
  const bool owed =
      state.step == config.train.steps
      || (state.step > 0 && config.checkpoint_every > 0 && state.step % config.checkpoint_every == 0);
  if (folder.checkpoint_steps().empty() || (owed && !std::filesystem::exists(folder.checkpoint(state.step))))
    save();

  Trainer<T> trainer(config.model, config.train, corpus.tokenizer, corpus.training, state, options.threads);
  std::optional<Stopwatch> watch;
  if (config.time_budget > 0) watch.emplace(config, state.step);
  Progress progress(state.step, config.train.steps, !options.talks(), watch ? watch->left() : 0);

  bool last = stopping.over();
  const auto due = [&](int every) { return last || (every > 0 && state.step % every == 0); };
  while (!last && state.step < config.train.steps) {
    const StepReport step = trainer.step();
    if (watch) {
      config.train.steps =
          watch->over() ? state.step : steps_by_clock(state.step, watch->elapsed(), config.time_budget);
    }
    last = state.step == config.train.steps;
    ++outcome.steps;
    outcome.held_out_loss.reset();
    metrics.step(step, config.train.grad_clip > 0);
    if (due(config.eval_every) && !corpus.held_out.empty()) {
      outcome.held_out_loss = trainer.evaluate(corpus.held_out);
      metrics.held_out(state.step, *outcome.held_out_loss);
      metrics.sync();
      checkpoints.save_if_best(record(), state);
      progress.held_out(*outcome.held_out_loss);
      stopping.add(*outcome.held_out_loss);
      outcome.stopped_early = !last && stopping.over();
      last = last || stopping.over();
    }
    progress.step(step.step, step.loss, step.positions);
    const bool stop = (interrupted() || options.stop_after == state.step) && !last;
    if (due(config.checkpoint_every) || stop) save();
    if (stop) {
      throw Interrupted("stopped after step " + std::to_string(state.step) + "; " + go_on(folder));
    }
  }
  outcome.seconds = progress.seconds();
  outcome.characters_per_second = progress.characters_per_second();
  outcome.mean_loss = progress.mean_loss();
  outcome.mean_steps = progress.mean_steps();
  progress.finish();

  Writer<T> writer(config, state.parameters, corpus.tokenizer, config.sample, {});
  std::string samples;
  for (int i = 0; i < config.sample.count; ++i) {
    if (interrupted()) {
      throw Interrupted("stopped before the samples; training is done and saved; " + go_on(folder));
    }
    const std::string text = corpus.tokenizer.decode(writer.write(rng));
    samples += text + (config.data.mode == DataMode::lines ? "\n" : "\n\n");
    outcome.samples.push_back(text);
  }
  const std::string_view pieces[] = {samples};
  write_file_atomically(folder.samples(), pieces);
  outcome.new_samples = corpus.count_new(outcome.samples);
  return outcome;
}

template Outcome train_and_sample<float>(const TrainOptions&, RunConfig, const Corpus&, const RunFolder&,
                                         TrainState<float>&, const Past&, Rng&);
template Outcome train_and_sample<double>(const TrainOptions&, RunConfig, const Corpus&, const RunFolder&,
                                          TrainState<double>&, const Past&, Rng&);

}  // namespace microgpt::cli
