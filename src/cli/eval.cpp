// microgpt eval: a model's loss on a whole split, beside tables of n-grams.
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "microgpt/view/report/eval_report.hpp"

namespace microgpt::cli {

CLI::App& add_eval(CLI::App& program) {
  struct EvalOptions {
    std::string model;
    std::string split;
    std::string data;
    int threads = all_cores();
    PageOptions page;
  };
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command =
      *program.add_subcommand("eval", "Measure a model's loss on held-out text, beside n-gram baselines");
  add_model_option(command, options->model);
  command
      .add_option("--split", options->split,
                  "Which documents: train, val (held out by data.held_out), test (data.test) or all "
                  "(default: val if there is one and the text is the run's own, else all)")
      ->check(one_of({"train", "val", "test", "all"}))
      ->option_text("SPLIT");
  command
      .add_option(
          "--data", options->data,
          "Text file to measure on: another text, or the run's own if it was moved (default: the run's own)")
      ->check(check_path)
      ->option_text("FILE");
  command
      .add_option("--threads", options->threads,
                  "Number of threads; it changes the time it takes, never the result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores");
  add_page_options(command, options->page);
  command.footer(
      "docs/evaluate.md explains the figures.\n\n"
      "Example:\n"
      "  microgpt eval --model runs/names-1 --split val");
  command.callback([options] {
    const Checkpoint checkpoint = load_model(options->model);
    const Evaluation evaluation =
        evaluate_split(checkpoint, options->data, options->split, startable_threads(options->threads));
    if (!evaluation.no_ngrams.empty()) std::cerr << "warning: " << one_line(evaluation.no_ngrams) << '\n';
    show(view::eval_report(evaluation), options->page);
  });
  return command;
}

}  // namespace microgpt::cli
