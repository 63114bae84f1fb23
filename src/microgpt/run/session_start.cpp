// How a run begins and how it is taken up again.
#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/run/edited_config.hpp"
#include "microgpt/run/fine_tuning.hpp"
#include "microgpt/run/moved_text.hpp"
#include "microgpt/run/plan.hpp"
#include "microgpt/run/run_state.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

/// The path of a text as config.json and checkpoints keep it: it must work from any folder.
std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const std::string full = fs::absolute(path, failed).lexically_normal().string();
  if (failed)
    throw Error(Fault::io, {.what = "the current folder no longer exists", .hint = failed.message()});
  if (find_invalid_utf8(full) != std::string::npos) {
    throw Error(
        Fault::data,
        {.what = "bad path",
         .where = full,
         .hint = "it is not valid UTF-8, so config.json cannot hold it: rename the file or its folder"});
  }
  return full;
}

void check_stop_after(const std::optional<int>& stop_after, int done, int steps) {
  if (!stop_after || (*stop_after > done && *stop_after <= steps)) return;
  throw bad_option(
      "--stop-after", std::to_string(*stop_after),
      "the run has done " + std::to_string(done) + " of " + counted(static_cast<std::size_t>(steps), "step"));
}

/// A run goes on with the text it began with. With another, if it is allowed, every character must have its token.
void check_same_text(const Session::Resume& resume, const RunConfig& config, const Corpus& corpus,
                     const Checkpoint& checkpoint) {
  if (corpus.dataset.digest() == checkpoint.training().data_sha256) return;
  const auto refuse = [&](const std::string& why) -> Error {
    return Error(Fault::data, {.what = "cannot resume", .where = config.data.path, .hint = why});
  };
  if (!resume.text_may_differ) {
    throw refuse(
        "it is not the text that the run was trained on (its SHA-256 differs): to continue with it anyway, "
        "add --data-changed-ok");
  }
  const auto known = checkpoint.tokenizer().characters();
  for (const char32_t character : corpus.tokenizer.characters()) {
    if (std::binary_search(known.begin(), known.end(), character)) continue;
    std::string text;
    append_utf8(text, character);
    throw refuse("it contains the character '" + printable(text)
                 + "', for which the model has no token: train a new one");
  }
}

/// Whether a run was killed before its first checkpoint, so that nothing is lost by beginning again.
bool is_unbegun(const RunFolder& folder) {
  std::error_code none;
  const bool has_steps = fs::exists(folder.metrics(), none) && !fs::is_empty(folder.metrics(), none);
  return fs::exists(folder.config(), none) && !has_steps && folder.checkpoint_steps().empty()
         && !fs::exists(folder.best_checkpoint(), none);
}

std::string schedule_name(Schedule schedule) {
  return schedule == Schedule::constant ? "constant" : schedule == Schedule::linear ? "linear" : "cosine";
}

/// The config of a run that is resumed for another number of steps, or by another schedule.
RunConfig as_asked(RunConfig config, const Session::Resume& resume) {
  config.train.steps = resume.steps.value_or(config.train.steps);
  config.train.schedule = resume.schedule.value_or(config.train.schedule);
  return config;
}

Error nothing_left(const Session::Resume& resume, const std::string& why) {
  return Error(Fault::usage,
               {.what = "nothing to resume", .where = resume.from.string(), .hint = "the run " + why});
}

/// `sampled`: the run has written its samples, so that steps are all it could do.
void check_can_go_on(const Session::Resume& resume, const Checkpoint& checkpoint, const RunConfig& config,
                     bool sampled) {
  const int done = checkpoint.training().step;
  if (!checkpoint.has_moments()) {
    throw Error(Fault::checkpoint, {.what = "cannot resume",
                                    .where = checkpoint.path().string(),
                                    .hint = "it holds weights alone, without the optimizer's moments"});
  }
  if (resume.steps && *resume.steps <= done) {
    throw bad_option("--steps", std::to_string(*resume.steps),
                     "the run has done " + counted(static_cast<std::size_t>(done), "step")
                         + ": more are needed to extend it");
  }
  if (done >= config.train.steps && sampled && !resume.seconds) {
    throw nothing_left(resume, config.train.steps == 1
                                   ? "has done its only step"
                                   : "has done all its " + std::to_string(config.train.steps) + " steps");
  }
}

/// All steps of a run that has done so many and is to go on for a time.
int steps_by_time(const Session::Resume& resume, const RunConfig& config, const Corpus& corpus, int done) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const double seconds = *resume.seconds;
  const Cost cost = measure_cost(config, corpus, resume.threads, std::clamp(0.02 * seconds, 0.05, 1.0));
  return static_cast<int>(
      std::min(kMost, std::int64_t{done} + steps_within(seconds, cost, config.eval_every)));
}

}  // namespace

void Session::Run::open(const RunFolder& folder, std::unique_ptr<RunLock> lock, bool text_changed) {
  const int step = resumed_after.value_or(0);
  files.emplace(RunFiles{folder, std::move(lock), Metrics(folder.metrics(), step),
                         CheckpointStore(folder, config, corpus.tokenizer)});
  if (text_changed) files->metrics.text_changed(step, corpus.dataset.digest());
  const MetricsRecord past = read_metrics(folder.metrics());
  for (const int extended : past.extended) files->checkpoints.keep_too(extended);
  auto training_loss = past.training.begin();
  const auto add_steps_up_to = [&](int last) {
    for (; training_loss != past.training.end() && training_loss->step <= last; ++training_loss)
      tally.add_loss(training_loss->loss);
  };
  auto extended = past.extended.begin();
  const auto start_patience_anew = [&](int until) {
    for (; extended != past.extended.end() && *extended < until; ++extended) stopping.start_anew();
  };
  // Losses on another text say nothing of those on this one.
  for (std::size_t i = past.present_text; i < past.held_out.size(); ++i) {
    const MeasuredLoss& one = past.held_out[i];
    add_steps_up_to(one.step);
    start_patience_anew(one.step);
    judge(one);
  }
  start_patience_anew(step + 1);
  add_steps_up_to(step);
}

void Session::Run::extend_from(const RunConfig& before) {
  const int step = *resumed_after;
  steps_before = before.train.steps;
  files->metrics.extended(step, config.train.steps, schedule_name(config.train.schedule));
  files->checkpoints.keep_too(step);
  stopping.start_anew();  // whoever asks for more steps has patience again
  save();
  // What the run wrote when it had ended before stays, under a name of its own.
  std::error_code none;
  fs::rename(files->folder.samples(), files->folder.samples_of(step), none);
}

void Session::Run::choose_judges() {
  stopping = EarlyStopping(config.patience);
  memorising = Memorising(uniform_nats(config.model.vocab_size, config.data.mode));
  judges = corpus.held_out;
  if (config.eval_positions == 0 || judges.empty()) return;
  judges = judges.sample(static_cast<std::size_t>(config.eval_positions));
  if (judges.size() < corpus.held_out.size()) sample = judges.positions();
}

TrainingRecord Session::Run::record() const {
  return {training->step(),
          corpus.dataset.digest(),
          rng.state(),
          held_out_loss,
          held_out_loss ? sample : std::nullopt,
          from};
}

fs::path Session::Run::save() {
  files->metrics.sync();
  training->save(files->checkpoints, record());
  return files->folder.checkpoint(training->step());
}

bool Session::Run::judge(const MeasuredLoss& held_out) {
  const bool is_best = !best || held_out.loss < best->loss;
  if (is_best) best = held_out;
  stopping.add(held_out.loss);
  if (tally.mean_steps() > 0) memorising.add(held_out, tally.mean_loss());
  return is_best;
}

bool Session::Run::take_up_held_out(int step, double loss) {
  const bool is_best = judge({step, loss});
  if (files) {
    files->metrics.held_out(step, loss, sample);
    files->metrics.sync();
    training->save_if_best(files->checkpoints, record());
  } else if (is_best) {
    training->keep_best();
  }
  return is_best;
}

std::string Session::Run::rescue() {
  if (!files) return "";
  files->metrics.sync();
  if (!training->go_back()) return "";
  held_out_loss.reset();
  try {
    const fs::path path = save();
    return "the weights of step " + std::to_string(training->step()) + ", the last known to be good, are in "
           + path.string();
  } catch (const Error&) {
    return "";  // the breakdown is what is to be told
  }
}

Session Session::begin(RunConfig config, const Start& start) {
  return begin_in(std::move(config), start, nullptr);
}

/// With `lock`, the folder is locked already.
Session Session::begin_in(RunConfig config, const Start& start, std::unique_ptr<RunLock> lock) {
  check_stop_after(start.stop_after, 0, config.train.steps);
  Rng rng(config.seed);
  Dataset dataset =
      start.text ? Dataset::from_text(*start.text, config.data.mode, ByteOrderMark::drop, config.data.path)
                 : Dataset::load(config.data.path, config.data.mode, ByteOrderMark::drop);
  Corpus corpus =
      Corpus::make(std::move(dataset), config.data, static_cast<std::size_t>(config.model.block_size), rng);
  if (!start.text) config.data.path = absolute_path(config.data.path);
  std::optional<Checkpoint> base;
  std::vector<char32_t> fresh_characters;
  if (!config.from.empty()) {
    base.emplace(load_base(config, start.passed_over));
    config.from = absolute_path(base->path().string());
    fresh_characters = lacking(base->tokenizer(), corpus.tokenizer);
    corpus.tokenizer = joint_vocabulary(base->tokenizer(), corpus.tokenizer);
  }
  config.model.vocab_size = corpus.tokenizer.vocab_size();
  check_memory(config, start.threads, start.where);

  auto run = std::make_unique<Run>(Run{std::move(config), std::move(corpus), rng});
  if (base) run->from = origin_of(*base, run->config.keep_moments);
  run->fresh_characters = std::move(fresh_characters);
  run->choose_judges();
  std::optional<RunFolder> folder;
  if (start.make_folder) {
    folder = start.make_folder();
    if (!lock) {
      lock = std::make_unique<RunLock>(folder->path);
      // Between the two, another process may have begun, and even ended, a run there.
      static_cast<void>(RunFolder::create(folder->path));
    }
    if (start.text) {
      const std::string_view pieces[] = {*start.text};
      write_file_atomically(folder->text(), pieces);
      run->config.data.path = absolute_path(folder->text().string());
    }
    save_run_config(folder->config(), run->config);
  }
  run->training = make_training(run->config, run->corpus, start.threads, run->rng, base ? &*base : nullptr);
  if (folder) {
    run->open(*folder, std::move(lock), false);
    // A folder that cannot be written is found out before the first step, not hours later; and a run that is killed at
    // any time can be resumed.
    run->save();
  }
  return Session(std::move(run));
}

/// A run that was killed before it had saved anything.
Session Session::begin_again(const Resume& resume, std::unique_ptr<RunLock> lock) {
  const RunFolder begun{resume.from};
  RunConfig config = as_asked(load_run_config(begun.config().string(), {}), resume);
  if (!resume.data.empty()) config.data.path = resume.data;
  if (resume.seconds) {
    Rng rng(config.seed);
    const Corpus corpus = Corpus::load(config.data, static_cast<std::size_t>(config.model.block_size), rng);
    config.model.vocab_size = corpus.tokenizer.vocab_size();
    config.train.steps = steps_by_time(resume, config, corpus, 0);
  }
  std::error_code there;
  fs::create_directories(begun.checkpoints(), there);
  const Start start{.where = begun.config().string(),
                    .threads = resume.threads,
                    .make_folder = [&] { return begun; },
                    .stop_after = resume.stop_after,
                    .passed_over = resume.passed_over};
  return begin_in(std::move(config), start, std::move(lock));
}

Session Session::resume(const Resume& resume) {
  const bool in_place = resume.out.empty();
  std::error_code failed;
  if (in_place && fs::exists(resume.from, failed) && !fs::is_directory(resume.from, failed)) {
    throw bad_option("--resume", resume.from.string(),
                     "it is not a run folder: to continue from a file, name a new folder with --out");
  }
  if (!fs::exists(resume.from, failed)) static_cast<void>(find_checkpoints(resume.from));  // says so
  // The folder must be this run's alone before anybody looks at what is in it.
  std::unique_ptr<RunLock> lock;
  if (in_place) {
    lock = std::make_unique<RunLock>(resume.from);
    remove_temporary_files(resume.from);
    remove_temporary_files(RunFolder{resume.from}.checkpoints());
    if (is_unbegun(RunFolder{resume.from})) return begin_again(resume, std::move(lock));
  }
  std::optional<Checkpoint> checkpoint = load_newest_checkpoint(resume.from, resume.passed_over);
  const TrainingRecord record = checkpoint->training();
  const RunConfig before = checkpoint->config();
  RunConfig config = as_asked(before, resume);
  const bool is_asked = resume.steps || resume.seconds || resume.schedule;
  config.data.path = path_of_text(RunFolder{resume.from}.config(), before, is_asked);
  // A run that was killed after its last step has still to write its samples.
  const bool sampled = !in_place || fs::exists(RunFolder{resume.from}.samples());
  check_can_go_on(resume, *checkpoint, config, sampled);
  if (!resume.seconds) check_stop_after(resume.stop_after, record.step, config.train.steps);
  config.data.path = absolute_path(
      resume.data.empty() ? find_own_text(config.data.path, resume.from, record.data_sha256) : resume.data);
  Rng rng(config.seed);
  Corpus corpus = Corpus::load(config.data, static_cast<std::size_t>(config.model.block_size), rng);
  check_same_text(resume, config, corpus, *checkpoint);
  const bool text_changed = corpus.dataset.digest() != record.data_sha256;
  corpus.tokenizer = checkpoint->tokenizer();
  rng.set_state(record.rng);
  check_memory(config, resume.threads, resume.from.string());
  if (resume.seconds) {
    config.train.steps = steps_by_time(resume, config, corpus, record.step);
    check_stop_after(resume.stop_after, record.step, config.train.steps);
  }
  const bool extended =
      config.train.steps != before.train.steps || config.train.schedule != before.train.schedule;

  const RunFolder folder = in_place ? RunFolder{resume.from} : RunFolder::create(resume.out);
  if (!lock) lock = std::make_unique<RunLock>(folder.path);
  auto run = std::make_unique<Run>(Run{std::move(config), std::move(corpus), rng});
  run->resumed_after = record.step;
  run->from = record.from;
  run->choose_judges();
  if (!text_changed) run->held_out_loss = record.held_out_loss;
  run->training = make_training(run->config, run->corpus, resume.threads, *std::move(checkpoint));
  run->open(folder, std::move(lock), text_changed);
  if (run->stopping.over() && sampled && !extended)
    throw nothing_left(resume, stopped_early_text(run->config));
  save_run_config(folder.config(), run->config);  // the text may lie elsewhere now
  if (extended) run->extend_from(before);
  // A run that was killed between its best checkpoint and the same step's own goes on from the best, and still owes
  // the other.
  const bool owed = keeps_step(run->config, record.step) && !fs::exists(folder.checkpoint(record.step));
  if (owed || folder.checkpoint_steps().empty()) run->save();
  return Session(std::move(run));
}

}  // namespace microgpt
