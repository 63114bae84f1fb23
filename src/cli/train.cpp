// microgpt train: from a config and a text file to a run folder.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "cli/train_report.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/checkpoint_store.hpp"
#include "microgpt/io/held_out_history.hpp"
#include "microgpt/io/metrics.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/io/run_lock.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/train/early_stopping.hpp"
#include "microgpt/train/schedule.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt::cli {

namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string config;
  std::string resume;
  std::string data;
  std::string out;
  std::optional<std::uint64_t> seed;
  std::optional<int> steps;
  std::optional<std::string> time;
  std::optional<int> stop_after;
  bool data_changed_ok = false;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::string> set;
  bool quiet = false;
  bool json = false;
  bool keys = false;

  [[nodiscard]] bool talks() const { return !quiet && !json; }
};

/// "30s", "2m", "1.5h" or "30" in seconds.
double parse_time(const std::string& text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const double scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (failed != std::errc() || scale == 0 || !(number > 0 && number * scale <= 1e8)) {
    throw Error(Fault::usage, "bad --time: " + one_line(text)
                                  + ": must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds");
  }
  return number * scale;
}

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

/// What a run that goes on knows of itself.
struct Past {
  std::optional<double> held_out_loss{};  ///< of the state, if it was measured
  bool same_text = true;                  ///< so that earlier held-out losses can be compared with later ones
};

/// Trains from the state's step on and samples: the part of a run that depends on the precision. The folder
/// is locked.
template <class T>
Outcome train_and_sample(const TrainOptions& options, RunConfig config, const Corpus& corpus,
                         const RunFolder& folder, TrainState<T>& state, const Past& past, Rng& rng) {
  if (options.stop_after && (*options.stop_after <= state.step || *options.stop_after > config.train.steps)) {
    throw Error(Fault::usage, "bad --stop-after: " + std::to_string(*options.stop_after)
                                  + ": the run has done " + std::to_string(state.step) + " of "
                                  + std::to_string(config.train.steps) + " steps");
  }
  Metrics metrics(folder.metrics(), state.step);
  EarlyStopping stopping(config.patience);
  if (past.same_text) {
    for (const double loss : held_out_history(folder.metrics())) stopping.add(loss);
  }
  if (stopping.over() && fs::exists(folder.samples())) {
    throw Error(Fault::usage, "nothing to resume: " + folder.path.string() + ": the run stopped early, after "
                                  + std::to_string(config.patience)
                                  + " held-out losses without a new best (train.patience)");
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
  // A folder that cannot be written is found out before the first step, not hours later; and a run
  // that is killed at any time has something to go on from.
  if (folder.checkpoint_steps().empty()) save();

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
      throw Interrupted("stopped after step " + std::to_string(state.step) + "; go on with: " + program_name()
                        + " train --resume " + one_line(folder.path.string()));
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
      throw Interrupted("stopped before the samples; training is done and saved; go on with: "
                        + program_name() + " train --resume " + one_line(folder.path.string()));
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

void finish(const TrainOptions& options, const Outcome& outcome, const RunConfig& config,
            const RunFolder& folder) {
  if (options.talks()) report(outcome, config, folder);
  if (options.json) report_json(outcome, config, folder);
}

/// A config that cannot fit is refused before anything is allocated, and before a folder is made.
void check_memory(const RunConfig& config, int threads, const std::string& where) {
  const double number = config.precision == Precision::float32 ? 4.0 : 8.0;
  require_memory(number * numbers_in_memory(config.model, config.train, threads), where,
                 "lower model.* or train.batch_size");
}

/// The path of a text as config.json and checkpoints keep it: it must work from any folder.
std::string absolute(const std::string& path) {
  const std::string full = fs::absolute(path).lexically_normal().string();
  if (find_invalid_utf8(full) != std::string::npos) {
    throw Error(Fault::data, "bad path: " + full
                                 + ": it is not valid UTF-8, so that config.json cannot hold it: rename the file "
                                   "or its folder");
  }
  return full;
}

/// A run from its first step on; `where` names its config. The folder is made once nothing else can fail.
template <class MakeFolder>
void begin(const TrainOptions& options, RunConfig config, const std::string& where,
           const MakeFolder& make_folder) {
  Rng rng(config.seed);
  const Corpus corpus = Corpus::load(config.data, static_cast<std::size_t>(config.model.block_size), rng);
  config.data.path = absolute(config.data.path);
  config.model.vocab_size = corpus.tokenizer.vocab_size();
  check_memory(config, options.threads, where);

  const RunFolder folder = make_folder();
  const RunLock lock(folder.path);
  save_run_config(folder.config(), config);
  if (options.talks()) describe(config, corpus, folder, options.threads);

  const auto run = [&]<class T>(TrainState<T> state) {
    initialize(state.parameters, config.init, rng);
    return train_and_sample<T>(options, config, corpus, folder, state, {}, rng);
  };
  finish(options,
         config.precision == Precision::float32 ? run(TrainState<float>(config.model))
                                                : run(TrainState<double>(config.model)),
         config, folder);
}

void run_new(const TrainOptions& options) {
  std::vector<std::string> overrides = options.set;
  if (options.seed) overrides.push_back("seed=" + std::to_string(*options.seed));
  if (options.time) overrides.push_back("train.time_budget=" + std::to_string(parse_time(*options.time)));
  if (options.steps) overrides.push_back("train.steps=" + std::to_string(*options.steps));
  RunConfig config = load_run_config(options.config, overrides);
  if (config.patience > 0 && (config.eval_every == 0 || config.data.held_out == 0)) {
    throw Error(Fault::data, "bad config: " + options.config + ", train.patience ("
                                 + std::to_string(config.patience)
                                 + "): must be 0 where train.eval_every or data.held_out is 0: there is no "
                                   "loss to wait for");
  }
  if (!options.data.empty()) config.data.path = options.data;
  if (config.data.path.empty()) {
    throw Error(Fault::data, "no text to train on: " + options.config + " names none: give --data FILE");
  }
  begin(options, config, options.config, [&] {
    return options.out.empty() ? RunFolder::create_next("runs", fs::path(options.config).stem().string())
                               : RunFolder::create(options.out);
  });
}

/// A run goes on with the text it began with. With another, if it is allowed, every character must
/// have its token.
void check_same_text(const TrainOptions& options, const RunConfig& config, const Corpus& corpus,
                     const Checkpoint& checkpoint) {
  if (corpus.dataset.digest() == checkpoint.training().data_sha256) return;
  const auto refuse = [&](const std::string& why) -> Error {
    return Error(Fault::data, "cannot resume: " + config.data.path + ": " + why);
  };
  if (!options.data_changed_ok) {
    throw refuse(
        "it is not the text the run was trained on (its SHA-256 differs): to go on with it all the same, "
        "add --data-changed-ok");
  }
  const auto known = checkpoint.tokenizer().characters();
  for (const char32_t character : corpus.tokenizer.characters()) {
    if (std::binary_search(known.begin(), known.end(), character)) continue;
    std::string text;
    append_utf8(text, character);
    throw refuse("it holds the character \"" + printable(text)
                 + "\", which the model has no token for: train a new one");
  }
}

void run_resumed(const TrainOptions& options) {
  if (options.seed || options.steps || options.time || !options.set.empty()) {
    throw Error(Fault::usage,
                "bad options: --resume goes on with the run as it was: --seed, --steps, --time and "
                "--set do not go with it");
  }
  if (!fs::is_directory(options.resume) && options.out.empty()) {
    throw Error(Fault::usage, "bad --resume: " + options.resume
                                  + ": it is no run folder: to go on from a file, say with --out where to");
  }
  const RunFolder begun{options.resume};
  std::error_code none;
  const bool has_steps = fs::exists(begun.metrics(), none) && !fs::is_empty(begun.metrics(), none);
  if (options.out.empty() && fs::exists(begun.config(), none) && begun.checkpoint_steps().empty()
      && !has_steps && !fs::exists(begun.best_checkpoint(), none)) {
    // Killed before its first checkpoint: nothing is lost by beginning again.
    RunConfig config = load_run_config(begun.config().string(), {});
    if (!options.data.empty()) config.data.path = options.data;
    return begin(options, config, begun.config().string(), [&] {
      remove_temporary_files(begun.path);
      std::error_code there;
      fs::create_directories(begun.checkpoints(), there);
      return begun;
    });
  }
  // The folder must be ours alone before anybody looks what the newest checkpoint is.
  static_cast<void>(find_checkpoints(options.resume));
  std::optional<RunLock> lock;
  if (options.out.empty()) {
    lock.emplace(options.resume);
    remove_temporary_files(options.resume);
    remove_temporary_files(RunFolder{options.resume}.checkpoints());
  }
  std::optional<Checkpoint> checkpoint = load_model(options.resume);
  const TrainingRecord record = checkpoint->training();
  RunConfig config = checkpoint->config();
  if (!options.data.empty()) config.data.path = absolute(options.data);
  // A run that was killed after its last step has still to sample.
  const bool sampled = !options.out.empty() || fs::exists(RunFolder{options.resume}.samples());
  if (record.step >= config.train.steps && sampled) {
    throw Error(Fault::usage, "nothing to resume: " + options.resume + ": the run has done all its "
                                  + std::to_string(config.train.steps) + " steps");
  }
  Rng rng(config.seed);
  Corpus corpus = Corpus::load(config.data, static_cast<std::size_t>(config.model.block_size), rng);
  check_same_text(options, config, corpus, *checkpoint);
  corpus.tokenizer = checkpoint->tokenizer();
  rng.set_state(record.rng);

  const RunFolder folder = options.out.empty() ? RunFolder{options.resume} : RunFolder::create(options.out);
  if (!lock) lock.emplace(folder.path);
  save_run_config(folder.config(), config);  // the text may lie elsewhere now
  if (options.talks()) {
    describe(config, corpus, folder, options.threads);
    std::cout << bold("resumed") << " after step " << record.step << '\n';
  }
  const auto run = [&]<class T>(TrainState<T> state) {
    checkpoint.reset();  // its numbers are in the state now
    return train_and_sample<T>(options, config, corpus, folder, state,
                               {record.held_out_loss, corpus.dataset.digest() == record.data_sha256}, rng);
  };
  finish(options,
         config.precision == Precision::float32 ? run(checkpoint->train_state<float>())
                                                : run(checkpoint->train_state<double>()),
         config, folder);
}

}  // namespace

void add_train(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *program.add_subcommand("train", "Train a model on a text file");
  auto* config =
      command.add_option("--config", options->config, "JSON file that describes the run")->check(check_path);
  auto* resume = command
                     .add_option("--resume", options->resume,
                                 "Run folder, or with --out a checkpoint, to go on from, to the same bytes")
                     ->check(check_path);
  config->excludes(resume);
  command.add_option("--data", options->data, "Text file (default: the config's data.path)")
      ->check(check_path);
  command.add_option("--out", options->out, "Run folder, new or empty (default: runs/<config>-1, -2, …)")
      ->check(check_path);
  command.add_option("--seed", options->seed, "Seed of all random numbers (default: the config's)")
      ->check(check_seed);
  auto* steps = command.add_option("--steps", options->steps, "Updates (default: the config's)")
                    ->check(CLI::Range(1, 1'000'000'000));
  command
      .add_option("--time", options->time,
                  "Train by the clock, as 30s, 5m or 1.5h: the schedule follows it; not reproducible by step")
      ->excludes(steps);
  command
      .add_option("--stop-after", options->stop_after,
                  "Save and stop after this step, as Ctrl-C does; the schedule is that of all steps")
      ->check(CLI::Range(1, 1'000'000'000));
  command
      .add_flag("--data-changed-ok", options->data_changed_ok,
                "With --resume: go on though the text is another than the run began with")
      ->needs(resume);
  command.add_option("--threads", options->threads, "Changes the time a run takes, never its result")
      ->check(CLI::Range(1, 1024))
      ->default_str("all cores");
  command.add_option("--set", options->set, "Override any key of the config, as in --set train.steps=500")
      ->allow_extra_args(false);
  command.add_flag("--quiet", options->quiet, "Say nothing unless something goes wrong");
  command.add_flag("--json", options->json, "Print one JSON document at the end instead of words");
  command.add_flag("--keys", options->keys, "List the keys of a config: ranges, defaults, meanings");
  command.footer(
      "Ctrl-C saves a checkpoint and stops (exit code 130), a second one stops at once; --resume goes on.\n\n"
      "Example:\n  microgpt train --config configs/names.json --data my_lines.txt --set "
      "train.steps=500");
  command.callback([options] {
    if (options->keys) {
      std::cout << config_keys_table();
      return;
    }
    if (options->config.empty() && options->resume.empty()) {
      throw CLI::RequiredError("--config or --resume");
    }
    watch_for_interrupt();
    options->resume.empty() ? run_new(*options) : run_resumed(*options);
  });
}

}  // namespace microgpt::cli
