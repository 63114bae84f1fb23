#include "microgpt/run/session.hpp"

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/run/own_text.hpp"
#include "microgpt/run/run_state.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

/// Steps before which the state is put aside, in case the step breaks down: early ones often, later every 100.
bool is_kept_in_mind(int step) {
  constexpr int kEvery = 100;
  return step % kEvery == 0 || (step < kEvery && (step & (step - 1)) == 0);
}

}  // namespace

Session::Session(std::unique_ptr<Run> run) : run_(std::move(run)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

const RunConfig& Session::config() const {
  return run_->config;
}
const Corpus& Session::corpus() const {
  return run_->corpus;
}
const RunFolder* Session::folder() const {
  return run_->files ? &run_->files->folder : nullptr;
}
int Session::step() const {
  return run_->training->step();
}
std::optional<int> Session::resumed_after() const {
  return run_->resumed_after;
}
std::optional<int> Session::steps_before() const {
  return run_->steps_before;
}
const std::optional<Origin>& Session::origin() const {
  return run_->from;
}
const std::vector<char32_t>& Session::fresh_characters() const {
  return run_->fresh_characters;
}
const Tally& Session::tally() const {
  return run_->tally;
}
Parameters<double> Session::parameters() const {
  return run_->training->parameters();
}

bool Session::done() const {
  return step() >= run_->config.train.steps || run_->stopping.over();
}

RunSummary Session::summary() const {
  return {.step = step(),
          .mean_loss = run_->tally.mean_loss(),
          .mean_steps = run_->tally.mean_steps(),
          .held_out_loss = run_->held_out_loss,
          .sample = run_->sample,
          .best = run_->best,
          .stopped_early = run_->stopping.over() && step() < run_->config.train.steps,
          .memorised = run_->held_out_loss && run_->memorising.found(),
          .guessing = run_->memorising.guessing()};
}

StepDone Session::step_once() {
  Run& run = *run_;
  Training& training = *run.training;
  const RunConfig& config = run.config;
  run.tally.start();
  StepDone done;
  try {
    done.step = training.train_step(is_kept_in_mind(training.step()));
  } catch (const Error& error) {
    if (error.fault() != Fault::numeric) throw;
    throw error.with_hint(run.rescue());
  }
  run.held_out_loss.reset();
  // The mean of the last losses is of those that are recorded, so that it is the same after a stop.
  const bool recorded = training.step() % config.record_every == 0 || training.step() == config.train.steps;
  run.tally.add(done.step.positions);
  if (recorded) run.tally.add_loss(done.step.loss);
  if (recorded && run.files) run.files->metrics.step(done.step, config.train.grad_clip > 0);
  const auto due = [&](int every) { return this->done() || (every > 0 && training.step() % every == 0); };
  if (due(config.eval_every) && !run.corpus.held_out.empty()) {
    try {
      done.held_out_loss = run.held_out_loss = training.evaluate(run.judges);
    } catch (const Error& error) {
      if (error.fault() != Fault::numeric) throw;
      throw error.with_hint(run.rescue());
    }
    done.is_best = run.take_up_held_out(training.step(), *done.held_out_loss);
    done.memorises = run.memorising.found();
  }
  if (run.files && due(config.checkpoint_every)) done.saved = run.save();
  return done;
}

bool Session::run(const Listener& listener, const std::function<bool(int step)>& stop) {
  while (!done()) {
    const StepDone step = step_once();
    if (listener) listener(step);
    if (done() || !stop || !stop(this->step())) continue;
    if (run_->files && !step.saved) run_->save();
    return false;
  }
  return true;
}

std::filesystem::path Session::keep() {
  if (!run_->files) throw Error(Fault::usage, {.what = "no checkpoint", .hint = "this run has no folder"});
  run_->files->checkpoints.keep_too(step());
  return run_->save();
}

std::optional<double> Session::held_out_loss() {
  if (run_->judges.empty()) return std::nullopt;
  return run_->training->evaluate(run_->judges);
}

bool Session::Run::take_best_weights() {
  if (!best || best->step == training->step()) {
    training->write_with_present();
    return best.has_value();
  }
  if (files) {
    try {
      const Checkpoint file = Checkpoint::load(files->folder.best_checkpoint());
      const TrainingRecord saved = file.training();
      if (saved.step == best->step && saved.data_sha256 == corpus.dataset.digest()) {
        training->write_with(file);
        return true;
      }
    } catch (const Error&) {  // gone or damaged
    }
  } else if (training->write_with_best()) {
    return true;
  }
  training->write_with_present();
  return false;
}

std::optional<Samples> Session::write_samples(const std::function<bool()>& stop) {
  const RunConfig& config = run_->config;
  Samples samples{.max_chars =
                      config.sample.max_chars > 0 ? config.sample.max_chars : config.model.block_size};
  std::string file;
  const bool is_best = run_->take_best_weights();
  samples.step = is_best ? run_->best->step : step();
  samples.best_is_missing = run_->best && !is_best;
  if (config.data.test > 0)
    samples.test_loss = run_->training->loss_of_writer(split_texts(run_->corpus.dataset, config.data).test);
  for (int i = 0; i < config.sample.count; ++i) {
    if (stop && stop()) return std::nullopt;
    const std::string& text = samples.texts.emplace_back(run_->training->write(run_->rng));
    file += text + (config.data.mode == DataMode::lines ? "\n" : "\n\n");
    const bool full = count_code_points(text) == static_cast<std::size_t>(samples.max_chars);
    if (full && !is_stream(config)) ++samples.cut;
  }
  samples.fresh = run_->corpus.count_new(samples.texts, samples.max_chars);
  const std::string_view pieces[] = {file};
  if (run_->files) write_file_atomically(run_->files->folder.samples(), pieces);
  return samples;
}

std::string memorised_text(const RunSummary& summary) {
  const double loss = summary.held_out_loss.value_or(0);
  const auto nats = [](double value) { return fixed_text(value, 2); };
  std::string above;
  if (summary.best && loss > summary.best->loss)
    above =
        ", above its best of " + nats(summary.best->loss) + " at step " + std::to_string(summary.best->step);
  if (loss > summary.guessing)
    above += (above.empty() ? ", above guessing, " : " and above guessing, ") + nats(summary.guessing);
  return "the model has memorised its text: the held-out loss ended at " + nats(loss) + above;
}

std::string stopped_early_text(const RunConfig& config) {
  return "stopped early, after " + counted(static_cast<std::size_t>(config.patience), "held-out loss", "es")
         + " without a new best (train.patience)";
}

}  // namespace microgpt
