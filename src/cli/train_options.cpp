#include "cli/train_options.hpp"

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"

namespace microgpt::cli {

namespace {

constexpr const char* kStopping = "To stop and continue";

void add_what_to_train(CLI::App& command, TrainOptions& options) {
  command
      .add_option("TEXT", options.texts,
                  "Text files, folders of them, or - for standard input; several are joined (default: "
                  "data.path of the "
                  "config)")
      ->check(check_path);
  command
      .add_option("--encoding", options.encoding,
                  "Encoding of the text, such as windows-1252 or utf-16 (default: UTF-8)")
      ->option_text("NAME");
  auto* config = command
                     .add_option("--config", options.config,
                                 "JSON file that describes the run; 'names' finds configs/names.json")
                     ->check(check_path)
                     ->option_text("FILE");
  auto* from =
      command
          .add_option("--from", options.from,
                      "Fine-tune: begin with the weights of this run folder or checkpoint file; characters "
                      "that it lacks get fresh rows")
          ->check(check_path)
          ->option_text("MODEL");
  command
      .add_flag("--keep-moments", options.keep_moments,
                "With --from: take over the moments of its optimizer too, in place of fresh ones")
      ->needs(from);
  command
      .add_option("--data", options.data,
                  "The text, as an option; with --resume: where the text of the run is now")
      ->check(check_path)
      ->option_text("FILE");
  command
      .add_option("--out", options.out,
                  "Run folder, new or empty (default: the next free one of runs/NAME-1, -2, ..., by the "
                  "config's name or "
                  "the text's)")
      ->check(check_path)
      ->option_text("FOLDER");
  auto* steps =
      command
          .add_option(
              "--steps", options.steps,
              "Number of updates (default: from the config); with --resume: in all, to extend the run")
          ->check(whole_between(1, 1'000'000'000));
  command
      .add_option("--time", options.time,
                  "Number of updates by time, as in 30s, 5m or 1.5h: so many as fit in, measured on this "
                  "machine before "
                  "the run begins (default without --config and --steps: 30s)")
      ->excludes(steps)
      ->option_text("TIME");
  command.add_option("--seed", options.seed, "Seed of all random numbers (default: from the config)")
      ->check(check_seed);
  command
      .add_option("--set", options.set,
                  "Set any other key of the config, as in --set train.batch_size=32; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  command.add_flag("--keys", options.keys,
                   "List these keys with their ranges, defaults and meanings, and exit");
  config->excludes(command
                       .add_option("--resume", options.resume,
                                   "Run folder to continue; the result is identical to an uninterrupted run. "
                                   "With --out, a checkpoint file works too")
                       ->check(check_path)
                       ->option_text("FOLDER")
                       ->group(kStopping));
}

void add_stopping(CLI::App& command, TrainOptions& options) {
  auto* resume = command.get_option("--resume");
  command
      .add_option("--schedule", options.schedule,
                  "With --resume: the schedule of the learning rate from here on, constant, linear or "
                  "cosine; it is laid "
                  "out over all steps (default: as it was)")
      ->check(one_of({"constant", "linear", "cosine"}))
      ->needs(resume)
      ->option_text("NAME")
      ->group(kStopping);
  command
      .add_option("--stop-after", options.stop_after,
                  "Save and stop after step N, as Ctrl-C does; the learning rate still follows the full "
                  "number of steps")
      ->check(whole_between(1, 1'000'000'000))
      ->group(kStopping);
  command
      .add_flag("--data-changed-ok", options.data_changed_ok,
                "With --resume: continue even if the text is not the one the run began with")
      ->needs(resume)
      ->group(kStopping);
}

void add_others(CLI::App& command, TrainOptions& options) {
  const char* others = "Other options";
  command
      .add_option("--threads", options.threads,
                  "Number of threads; it changes the time a run takes, never its result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores")
      ->group(others);
  command.add_flag("--quiet", options.quiet, "Print nothing unless something goes wrong")->group(others);
  command.add_flag("--json", options.json, "Print one JSON document at the end instead of words")
      ->group(others);
}

}  // namespace

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

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_what_to_train(command, options);
  add_stopping(command, options);
  add_others(command, options);
}

}  // namespace microgpt::cli
