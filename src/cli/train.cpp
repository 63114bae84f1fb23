// microgpt train: from a config and a text file to a run folder.
#include "cli/train.hpp"

#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"

namespace microgpt::cli {

CLI::App& add_train(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *program.add_subcommand("train", "Train a model on a text file");
  auto* config = command.add_option("--config", options->config, "JSON file that describes the run")
                     ->check(check_path)
                     ->option_text("FILE");
  command.add_option("--data", options->data, "The text (default: the config's data.path)")
      ->check(check_path)
      ->option_text("FILE");
  command
      .add_option("--out", options->out,
                  "Run folder, new or empty (default: the next of runs/<config>-1, -2)")
      ->check(check_path)
      ->option_text("FOLDER");
  auto* steps = command.add_option("--steps", options->steps, "Updates (default: the config's)")
                    ->check(whole_between(1, 1'000'000'000));
  command
      .add_option("--time", options->time,
                  "Train by the clock instead, as 30s, 5m or 1.5h; not reproducible by step")
      ->excludes(steps)
      ->option_text("TIME");
  command.add_option("--seed", options->seed, "Of all random numbers (default: the config's)")
      ->check(check_seed);
  command
      .add_option("--set", options->set,
                  "Any other key of the config, as in --set train.batch_size=32; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  command.add_flag("--keys", options->keys, "List these keys and stop: ranges, defaults, meanings");

  const char* stopping = "To stop and go on";
  auto* resume = command
                     .add_option("--resume", options->resume,
                                 "Run folder, or with --out a checkpoint, to go on from, to the same bytes")
                     ->check(check_path)
                     ->option_text("FOLDER")
                     ->excludes(config)
                     ->group(stopping);
  command
      .add_option("--stop-after", options->stop_after,
                  "Save and stop after this step, as Ctrl-C does; the schedule is that of all steps")
      ->check(whole_between(1, 1'000'000'000))
      ->group(stopping);
  command
      .add_flag("--data-changed-ok", options->data_changed_ok,
                "With --resume: go on though the text is not the one the run began with")
      ->needs(resume)
      ->group(stopping);

  const char* others = "Other options";
  command.add_option("--threads", options->threads, "Changes the time a run takes, never its result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores")
      ->group(others);
  command.add_flag("--quiet", options->quiet, "Say nothing unless something goes wrong")->group(others);
  command.add_flag("--json", options->json, "One JSON document at the end instead of words")->group(others);
  command.footer(
      "Ctrl-C saves a checkpoint and stops; a second one stops at once.\n\n"
      "Example:\n"
      "  microgpt train --config configs/names.json\n"
      "  microgpt train --config configs/names.json --data my_lines.txt --steps 500\n"
      "  microgpt train --resume runs/names-1");
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
  return command;
}

}  // namespace microgpt::cli
