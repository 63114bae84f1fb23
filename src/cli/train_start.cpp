// From the options of train to a text, a folder and a state that can be trained.
#include <charconv>
#include <filesystem>
#include <iostream>

#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "cli/train.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/run_lock.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli {

namespace {

namespace fs = std::filesystem;

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

void finish(const TrainOptions& options, const Outcome& outcome, const RunConfig& config,
            const RunFolder& folder) {
  warn_of_loss(outcome, config);
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
  std::error_code failed;
  const std::string full = fs::absolute(path, failed).lexically_normal().string();
  if (failed) throw Error(Fault::io, "the folder you are in is gone: " + failed.message());
  if (find_invalid_utf8(full) != std::string::npos) {
    throw Error(Fault::data, "bad path: " + full
                                 + ": it is not valid UTF-8, so that config.json cannot hold it: rename the file "
                                   "or its folder");
  }
  return full;
}

/// Before anything is made.
void check_stop_after(const TrainOptions& options, int done, int steps) {
  if (!options.stop_after || (*options.stop_after > done && *options.stop_after <= steps)) return;
  throw Error(Fault::usage, "bad --stop-after: " + std::to_string(*options.stop_after) + ": the run has done "
                                + std::to_string(done) + " of "
                                + counted(static_cast<std::size_t>(steps), "step"));
}

/// Texts that the configs name and that are not part of the project.
void check_downloaded(const std::string& path) {
  const std::pair<const char*, const char*> texts[] = {
      {"tinyshakespeare.txt", "scripts/get-data.sh shakespeare downloads it"},
      {"names-ssa.txt", "scripts/get-data.sh names downloads it"},
      {"induction.txt", "scripts/make-induction-text.sh makes it"}};
  std::error_code unknown;
  if (fs::exists(path, unknown) || unknown) return;
  for (const auto& [file, hint] : texts) {
    if (fs::path(path).filename() == file) throw Error(Fault::data, "no such text: " + path + ": " + hint);
  }
}

/// A run from its first step on; `where` names its config. The folder is made once nothing else can fail.
template <class MakeFolder>
void begin(const TrainOptions& options, RunConfig config, const std::string& where,
           const MakeFolder& make_folder) {
  check_stop_after(options, 0, config.train.steps);
  check_downloaded(config.data.path);
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

}  // namespace

namespace {

/// Patience needs a held-out loss now and then. An option that takes one of the two away is to blame.
void check_patience(const TrainOptions& options, const RunConfig& config) {
  if (config.patience == 0 || (config.eval_every > 0 && config.data.held_out > 0)) return;
  const std::string why = ": there is no loss to wait for";
  const std::string must = ": must be 0 where train.eval_every or data.held_out is 0" + why;
  if (const std::string* set = find_override(options.set, "train.patience")) {
    throw Error(Fault::usage, "bad --set " + one_line(*set) + must);
  }
  for (const char* key : {"train.eval_every", "data.held_out"}) {
    if (key == std::string_view("train.eval_every") ? config.eval_every > 0 : config.data.held_out > 0)
      continue;
    if (const std::string* set = find_override(options.set, key)) {
      throw Error(Fault::usage, "bad --set " + one_line(*set) + ": must be above 0 where train.patience ("
                                    + std::to_string(config.patience) + ") is" + why);
    }
  }
  throw Error(Fault::data, "bad config: " + options.config + ", train.patience ("
                               + std::to_string(config.patience) + ")" + must);
}

}  // namespace

void run_new(const TrainOptions& options) {
  RunConfig config = load_run_config(options.config, options.set);
  if (options.steps && config.time_budget > 0) {
    throw Error(Fault::usage, "bad --steps: " + std::to_string(*options.steps)
                                  + ": the run trains by the clock, as train.time_budget is above 0: leave "
                                    "--steps out, or add --set train.time_budget=0");
  }
  // These three were judged where they were read.
  if (options.seed) config.seed = *options.seed;
  if (options.time) config.time_budget = parse_time(*options.time);
  if (options.steps) config.train.steps = *options.steps;
  check_patience(options, config);
  if (!options.data.empty()) config.data.path = options.data;
  if (config.data.path.empty()) {
    throw Error(Fault::data, "no text to train on: " + options.config + " names none: give --data FILE");
  }
  begin(options, config, options.config, [&] {
    return options.out.empty() ? RunFolder::create_next("runs", fs::path(options.config).stem().string())
                               : RunFolder::create(options.out);
  });
}

namespace {

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

}  // namespace

void run_resumed(const TrainOptions& options) {
  if (options.seed || options.steps || options.time || !options.set.empty()) {
    throw Error(Fault::usage,
                "bad options: --resume goes on with the run as it was: --seed, --steps, --time and "
                "--set do not go with it");
  }
  std::error_code failed;
  if (fs::exists(options.resume, failed) && !fs::is_directory(options.resume, failed)
      && options.out.empty()) {
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
    throw Error(Fault::usage,
                "nothing to resume: " + options.resume + ": the run has done "
                    + (config.train.steps == 1 ? "its only step"
                                               : "all its " + std::to_string(config.train.steps) + " steps"));
  }
  check_stop_after(options, record.step, config.train.steps);
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

}  // namespace microgpt::cli
