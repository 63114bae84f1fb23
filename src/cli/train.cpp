// microgpt train: from a config and a text file to a run folder.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "cli/train_options.hpp"
#include "cli/train_report.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/run/recipe.hpp"
#include "microgpt/run/session.hpp"
#include "microgpt/text/check_text.hpp"
#include "microgpt/text/gather.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli {

namespace {

namespace fs = std::filesystem;

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
  if (fs::exists(name, unknown) && !fs::is_directory(name, unknown)) return name;
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

/// What is a text argument that is none: a config, or the folder of a run.
void check_texts(const TrainOptions& options) {
  if (!options.texts.empty() && !options.data.empty()) {
    throw bad_option("--data", one_line(options.data),
                     "the text is already given as an argument: leave one of them out");
  }
  for (const std::string& text : options.texts) {
    std::error_code unknown;
    if (fs::exists(RunFolder{text}.config(), unknown)
        && fs::is_directory(RunFolder{text}.checkpoints(), unknown)) {
      throw bad_option("TEXT", one_line(text), "it is the folder of a run: continue it with --resume");
    }
    if (fs::path(text).extension() != ".json") continue;
    try {
      static_cast<void>(load_run_config(text, {}));
    } catch (const Error&) {
      continue;  // a text after all
    }
    throw bad_option("TEXT", one_line(text), "it is a config: give it as --config");
  }
}

/// The texts of the command line, or that of the config, as one: by its path, where it is a file that can be read again.
GatheredText gather(const TrainOptions& options, const RunConfig& config, DataMode mode) {
  std::vector<std::string> arguments = options.texts;
  if (!options.data.empty()) arguments = {options.data};
  if (arguments.empty()) arguments = {config.data.path};
  if (arguments.size() == 1) check_downloaded(arguments[0]);
  return gather_texts(arguments, {.mode = mode, .encoding = options.encoding},
                      [] { return read_to_end(STDIN_FILENO, "standard input", Fault::data, kLargestText); });
}

/// What to do with the time the run may take: all of the text is looked at.
std::string whole_text(const GatheredText& text) {
  const Dataset dataset =
      text.is_one_plain_file
          ? Dataset::load(text.name, DataMode::stream, ByteOrderMark::drop)
          : Dataset::from_text(text.bytes, DataMode::stream, ByteOrderMark::drop, text.name);
  return std::string(dataset.text());
}

/// "runs/my-1" for my.txt, a folder my/, or the config my.json.
std::string name_of_run(const TrainOptions& options) {
  if (!options.config.empty()) return fs::path(options.config).stem().string();
  const std::string& first = options.data.empty() ? options.texts.front() : options.data;
  const fs::path path = fs::path(first).lexically_normal();
  const std::string name = (path.has_filename() ? path : path.parent_path()).stem().string();
  return name.empty() || name == "-" || name == "." || name == ".." || first.starts_with("/dev/") ? "text"
                                                                                                  : name;
}

/// The config without a --config: chosen for the text and the time.
RunConfig chosen_config(const TrainOptions& options, const GatheredText& text, Wish wish) {
  if (!text.sources.empty()) wish.joints = text.sources.size() - 1;
  const Recipe recipe = choose_recipe(whole_text(text), text.name, wish);
  if (options.talks()) describe_choice(recipe.reasons);
  return recipe.config;
}

/// The config of --config, with the options that stand for single keys.
RunConfig given_config(const TrainOptions& options) {
  RunConfig config = load_run_config(options.config, options.set);
  if (options.seed) config.seed = *options.seed;
  if (options.steps) config.train.steps = *options.steps;
  if (!options.from.empty()) config.from = options.from;
  if (options.keep_moments) config.keep_moments = true;
  return config;
}

Session begin(const TrainOptions& options) {
  check_texts(options);
  const bool chooses = options.config.empty();
  Wish wish{.threads = options.threads,
            .overrides = options.set,
            .from = options.from,
            .keep_moments = options.keep_moments};
  if (options.time) wish.seconds = parse_time(*options.time);
  if (options.seed) wish.overrides.push_back("seed=" + std::to_string(*options.seed));
  if (options.steps) wish.overrides.push_back("train.steps=" + std::to_string(*options.steps));
  if (options.time && find_override(wish.overrides, "train.steps") != nullptr) {
    throw bad_option("--time", one_line(*options.time), "train.steps is set as well: leave one of them out");
  }

  RunConfig config;
  if (!chooses) config = given_config(options);
  std::optional<GatheredText> text;
  if (!options.texts.empty() || !options.data.empty() || !options.encoding.empty()) {
    text = gather(options, config, chooses ? DataMode::stream : config.data.mode);
    if (options.talks()) describe_text(*text);
  }
  if (chooses) config = chosen_config(options, *text, wish);
  if (text) config.data.path = text->name;
  check_patience(options, config);
  if (config.data.path.empty()) {
    throw Error(Fault::data, {.what = "no text to train on",
                              .where = options.config,
                              .hint = "it names none: give the text as an argument, or with --data FILE"});
  }
  if (!text) check_downloaded(config.data.path);
  if (!chooses && options.time) {
    const std::string whole =
        whole_text(text ? *text : GatheredText{.is_one_plain_file = true, .name = config.data.path});
    config.train.steps = choose_steps(config, whole, wish);
    if (options.talks())
      describe_choice({counted(static_cast<std::size_t>(config.train.steps), "step") + ": what fits into "
                       + *options.time + " here"});
  }
  Session::Start start{.where = chooses ? text->name : options.config,
                       .threads = options.threads,
                       .make_folder =
                           [&] {
                             return options.out.empty() ? RunFolder::create_next("runs", name_of_run(options))
                                                        : RunFolder::create(options.out);
                           },
                       .stop_after = options.stop_after,
                       .passed_over = warn_once_of_damage()};
  if (text && !text->is_one_plain_file) start.text = std::move(text->bytes);
  return Session::begin(std::move(config), start);
}

Session resume(const TrainOptions& options) {
  if (options.seed || !options.set.empty() || !options.texts.empty() || !options.from.empty()) {
    throw Error(Fault::usage,
                {.what = "bad options",
                 .hint = "--resume continues the run as it was: a TEXT, --from, --seed and --set do "
                         "not go with it (--data tells where "
                         "its text is now)"});
  }
  Session::Resume resume{.from = options.resume,
                         .out = options.out,
                         .data = options.data,
                         .text_may_differ = options.data_changed_ok,
                         .threads = options.threads,
                         .stop_after = options.stop_after,
                         .steps = options.steps,
                         .passed_over = warn_once_of_damage()};
  if (options.time) resume.seconds = parse_time(*options.time);
  if (options.schedule) {
    resume.schedule = *options.schedule == "constant" ? Schedule::constant
                      : *options.schedule == "linear" ? Schedule::linear
                                                      : Schedule::cosine;
  }
  return Session::resume(resume);
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
  CLI::App& command = *program.add_subcommand("train", "Train a model on a text");
  add_train_options(command, *options);
  command.footer(
      "Without --config, model and training are chosen for the text and the time, and\n"
      "written to the run's config.json (docs/recipes.md).\n"
      "Ctrl-C saves a checkpoint and stops; a second one stops at once.\n\n"
      "Example:\n"
      "  microgpt train my.txt\n"
      "  microgpt train my.txt --time 2m --set model.n_embd=64\n"
      "  microgpt train --config names my_lines.txt --steps 500\n"
      "  microgpt train more.txt --from runs/my-1\n"
      "  microgpt train --resume runs/my-1 --steps 2000");
  command.callback([options] {
    if (options->keys) {
      std::cout << config_keys_table();
      return;
    }
    if (options->config.empty() && options->resume.empty() && options->texts.empty()
        && options->data.empty()) {
      throw CLI::RequiredError("A TEXT, --config or --resume");
    }
    if (!options->config.empty()) options->config = config_file(options->config);
    watch_for_interrupt();
    options->threads = startable_threads(options->threads);
    run_train(*options);
  });
  return command;
}

}  // namespace microgpt::cli
