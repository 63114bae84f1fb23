// microgpt score: how probable a model finds texts, character by character.
#include <memory>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/page.hpp"
#include "microgpt/run/evaluation.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/view/report/score_report.hpp"

namespace microgpt::cli {

CLI::App& add_score(CLI::App& program) {
  struct ScoreOptions {
    std::string model;
    std::vector<std::string> texts;
    std::size_t top = 60;
    PageOptions page;
  };
  auto options = std::make_shared<ScoreOptions>();
  CLI::App& command =
      *program.add_subcommand("score", "Show how probable a model finds texts, character by character");
  // Not without its name, as elsewhere: what stands without one is a text.
  command.add_option("--model", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  command.add_option("TEXT", options->texts, "Texts to read; \\n and other escapes are understood")
      ->required()
      ->option_text("TEXT ...");
  command.add_option("--top", options->top, "Number of characters shown in all; 0 shows all")
      ->check(whole_between(0, 1'000'000'000))
      ->capture_default_str();
  add_page_options(command, options->page);
  command.footer(
      "The surprise of a character is -log2 of its probability after those before it.\n\n"
      "Example:\n"
      "  microgpt score --model runs/names-1 emma xqzz");
  command.callback([options] {
    const Checkpoint checkpoint = load_model(options->model);
    for (std::string& text : options->texts) text = unescaped(text, "TEXT");
    show(view::score_report(score_texts(checkpoint, options->texts), options->top), options->page);
  });
  return command;
}

}  // namespace microgpt::cli
