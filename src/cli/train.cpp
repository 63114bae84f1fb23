// microgpt train: from a config and a text file to a run folder.
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "cli/train_report.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/run/session.hpp"

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
  int threads = all_cores();
  std::vector<std::string> set;
  bool quiet = false;
  bool json = false;
  bool keys = false;

  [[nodiscard]] bool talks() const { return !quiet && !json; }
};

/// "30s", "2m", "1.5h" or "30" in seconds.
double parse_time(const std::string& text) {
  const double scale = text.ends_with('m') ? 60 : text.ends_with('h') ? 3600 : 1;
  const bool has_unit = scale > 1 || text.ends_with('s');
  const auto number = parse_double(std::string_view(text).substr(0, text.size() - (has_unit ? 1 : 0)));
  if (!number || !(*number > 0 && *number * scale <= 1e8)) {
    throw bad_option("--time", one_line(text),
                     "must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds");
  }
  return *number * scale;
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
    if (fs::path(path).filename() == file)
      throw Error(Fault::data, {.what = "no such text", .where = path, .hint = hint});
  }
}

/// "names" means names.json here, or else in configs/, where no file has that very name.
std::string config_file(const std::string& name) {
  std::error_code unknown;
  if (fs::exists(name, unknown)) return name;
  for (const fs::path& folder : {fs::path(), fs::path("configs")}) {
    const std::string file = (folder / (name + ".json")).string();
    if (fs::exists(file, unknown)) return file;
  }
  return name;
}

/// Patience needs a held-out loss now and then. An option that takes one of the two away is to blame.
void check_patience(const TrainOptions& options, const RunConfig& config) {
  if (config.patience == 0 || (config.eval_every > 0 && config.data.held_out > 0)) return;
  const std::string patience = "train.patience (" + std::to_string(config.patience) + ")";
  const std::string why = ": there is no loss to wait for";
  const std::string must = "must be 0 where train.eval_every or data.held_out is 0" + why;
  if (const std::string* set = find_override(options.set, "train.patience")) {
    throw bad_option("--set " + one_line(*set), "", must);
  }
  for (const char* key : {"train.eval_every", "data.held_out"}) {
    if (key == std::string_view("train.eval_every") ? config.eval_every > 0 : config.data.held_out > 0)
      continue;
    if (const std::string* set = find_override(options.set, key)) {
      throw bad_option("--set " + one_line(*set), "", "must be above 0 where " + patience + " is" + why);
    }
  }
  throw Error(Fault::data, {.what = "bad config", .where = options.config + ", " + patience, .hint = must});
}

Session begin(const TrainOptions& options) {
  RunConfig config = load_run_config(options.config, options.set);
  if (options.steps && config.time_budget > 0) {
    throw bad_option("--steps", std::to_string(*options.steps),
                     "the run trains by the clock, as train.time_budget is above 0: leave --steps out, or "
                     "add --set train.time_budget=0");
  }
  // These three were judged where they were read.
  if (options.seed) config.seed = *options.seed;
  if (options.time) config.time_budget = parse_time(*options.time);
  if (options.steps) config.train.steps = *options.steps;
  check_patience(options, config);
  if (!options.data.empty()) config.data.path = options.data;
  if (config.data.path.empty()) {
    throw Error(
        Fault::data,
        {.what = "no text to train on", .where = options.config, .hint = "it names none: give --data FILE"});
  }
  check_downloaded(config.data.path);
  return Session::begin(std::move(config), {.where = options.config,
                                            .threads = options.threads,
                                            .make_folder =
                                                [&] {
                                                  return options.out.empty() ? RunFolder::create_next(
                                                             "runs", fs::path(options.config).stem().string())
                                                                             : RunFolder::create(options.out);
                                                },
                                            .stop_after = options.stop_after});
}

Session resume(const TrainOptions& options) {
  if (options.seed || options.steps || options.time || !options.set.empty()) {
    throw Error(
        Fault::usage,
        {.what = "bad options",
         .hint =
             "--resume continues the run as it was: --seed, --steps, --time and --set do not go with it"});
  }
  return Session::resume({.from = options.resume,
                          .out = options.out,
                          .data = options.data,
                          .text_may_differ = options.data_changed_ok,
                          .threads = options.threads,
                          .stop_after = options.stop_after,
                          .passed_over = warn_once_of_damage()});
}

/// The line that takes a run up again.
std::string how_to_continue(const Session& session) {
  return "continue with: " + program_name() + " train --resume "
         + shell_quoted(session.folder()->path.string());
}

void run_train(const TrainOptions& options) {
  Session session = options.resume.empty() ? begin(options) : resume(options);
  if (options.talks()) describe(session, options.threads);
  Progress progress(session, !options.talks());
  const bool done =
      session.run(std::ref(progress), [&](int step) { return interrupted() || options.stop_after == step; });
  progress.finish();
  if (!done) {
    throw Interrupted("stopped after step " + std::to_string(session.step()) + "; "
                      + how_to_continue(session));
  }
  const auto samples = session.write_samples(interrupted);
  if (!samples) {
    throw Interrupted("stopped before the samples; training is done and saved; " + how_to_continue(session));
  }
  warn_of_loss(session);
  if (options.talks()) report(session, *samples);
  if (options.json) report_json(session, *samples);
}

}  // namespace

CLI::App& add_train(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *program.add_subcommand("train", "Train a model on a text file");
  auto* config = command
                     .add_option("--config", options->config,
                                 "JSON file that describes the run; 'names' finds configs/names.json")
                     ->check(check_path)
                     ->option_text("FILE");
  command.add_option("--data", options->data, "Text file to train on (default: data.path of the config)")
      ->check(check_path)
      ->option_text("FILE");
  command
      .add_option("--out", options->out,
                  "Run folder, new or empty (default: the next free one of runs/CONFIG-1, -2, ...)")
      ->check(check_path)
      ->option_text("FOLDER");
  auto* steps = command.add_option("--steps", options->steps, "Number of updates (default: from the config)")
                    ->check(whole_between(1, 1'000'000'000));
  command
      .add_option("--time", options->time,
                  "Train for this long instead, as in 30s, 5m or 1.5h; the run is then not reproducible")
      ->excludes(steps)
      ->option_text("TIME");
  command.add_option("--seed", options->seed, "Seed of all random numbers (default: from the config)")
      ->check(check_seed);
  command
      .add_option("--set", options->set,
                  "Set any other key of the config, as in --set train.batch_size=32; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  command.add_flag("--keys", options->keys,
                   "List these keys with their ranges, defaults and meanings, and exit");

  const char* stopping = "To stop and continue";
  auto* resume = command
                     .add_option("--resume", options->resume,
                                 "Run folder to continue; the result is identical to an uninterrupted run. "
                                 "With --out, a checkpoint file works too")
                     ->check(check_path)
                     ->option_text("FOLDER")
                     ->excludes(config)
                     ->group(stopping);
  command
      .add_option("--stop-after", options->stop_after,
                  "Save and stop after this step, as Ctrl-C does; the learning rate still follows the full "
                  "number of steps")
      ->check(whole_between(1, 1'000'000'000))
      ->group(stopping);
  command
      .add_flag("--data-changed-ok", options->data_changed_ok,
                "With --resume: continue even if the text is not the one the run began with")
      ->needs(resume)
      ->group(stopping);

  const char* others = "Other options";
  command
      .add_option("--threads", options->threads,
                  "Number of threads; it changes the time a run takes, never its result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores")
      ->group(others);
  command.add_flag("--quiet", options->quiet, "Print nothing unless something goes wrong")->group(others);
  command.add_flag("--json", options->json, "Print one JSON document at the end instead of words")
      ->group(others);
  command.footer(
      "Ctrl-C saves a checkpoint and stops; a second one stops at once.\n\n"
      "Example:\n"
      "  microgpt train --config configs/names.json\n"
      "  microgpt train --config names --data my_lines.txt --steps 500\n"
      "  microgpt train --resume runs/names-1");
  command.callback([options] {
    if (options->keys) {
      std::cout << config_keys_table();
      return;
    }
    if (options->config.empty() && options->resume.empty()) {
      throw CLI::RequiredError("--config or --resume");
    }
    options->config = config_file(options->config);
    watch_for_interrupt();
    options->threads = startable_threads(options->threads);
    run_train(*options);
  });
  return command;
}

}  // namespace microgpt::cli
