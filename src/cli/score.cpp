// microgpt score: how probable a model finds texts: character by character, or many of a file in a table.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/page.hpp"
#include "microgpt/run/evaluation.hpp"
#include "microgpt/run/file_scores.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/report/file_scores_report.hpp"
#include "microgpt/view/report/score_report.hpp"

namespace microgpt::cli {

namespace {

constexpr std::size_t kTop = 60;

struct ScoreOptions {
  std::string model;
  std::vector<std::string> texts;
  std::string file;
  bool rank = false;
  std::optional<std::size_t> top;
  int threads = all_cores();
  PageOptions page;
};

void score_file_of(const ScoreOptions& options, const Checkpoint& checkpoint) {
  FileScores scores = score_file(checkpoint, options.file, startable_threads(options.threads));
  if (options.rank) rank(scores);
  view::FileScoresExtent extent;
  // Programs get everything; a page, and a figure, what a person can take in.
  const bool for_programs = options.page.json || !options.page.csv.empty();
  constexpr int kNumbers = 56;  // columns of a row beside its text
  const int room = screen(options.page.width).width - kNumbers;
  extent.characters = for_programs ? 0 : static_cast<std::size_t>(std::max(room, 20));
  extent.rows = options.top.value_or(for_programs ? 0 : kTop);
  if (!scores.not_scored.empty()) {
    std::cerr << "warning: " << counted(scores.not_scored.size(), "text") << " of "
              << with_commas(scores.scored.size() + scores.not_scored.size())
              << " not scored: the model does not know all of their characters\n";
  }
  show(view::file_scores_report(scores, options.rank, extent), options.page, options.top.has_value());
}

void score_arguments(const ScoreOptions& options, const Checkpoint& checkpoint) {
  std::vector<std::string> texts;
  for (const std::string& text : options.texts) texts.push_back(unescaped(text, "TEXT"));
  auto scored = score_texts(checkpoint, texts);
  if (options.rank) {
    std::stable_sort(scored.begin(), scored.end(),
                     [](const ScoredText& a, const ScoredText& b) { return a.mean() > b.mean(); });
  }
  show(view::score_report(scored, options.top.value_or(kTop)), options.page, options.top.has_value());
}

}  // namespace

CLI::App& add_score(CLI::App& program) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App& command = *program.add_subcommand(
      "score", "Show how probable a model finds texts, by character, or those of a file");
  // Not without its name, as elsewhere: what stands without one is a text.
  command.add_option("--model", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  add_last_option(command);
  auto* texts =
      command.add_option("TEXT", options->texts, "Texts to read; \\n and other escapes are understood")
          ->option_text("TEXT ...");
  command
      .add_option("--file", options->file,
                  "File of texts to read instead, '-' for standard input: a text per line or per paragraph, "
                  "as the model was trained, or of a stream the whole file; the table has a row for each")
      ->check(check_path)
      ->option_text("FILE")
      ->excludes(texts);
  command.add_flag("--rank", options->rank,
                   "Sort the texts by their nats per character, the most surprising first");
  command
      .add_option("--top", options->top,
                  "Number of rows shown in all; 0 shows all (default: 60, but with --file all for --json and "
                  "--csv)")
      ->check(whole_between(0, 1'000'000'000));
  command
      .add_option("--threads", options->threads,
                  "Number of threads for --file; it changes the time it takes, never the result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores");
  add_page_options(command, options->page);
  command.footer(
      "The surprise of a character is -log2 of its probability after those before it,\n"
      "in bits; in nats it is -ln. A text of a file with a character that the model\n"
      "does not know is listed at the end as not scored.\n\n"
      "Example:\n"
      "  microgpt score --model runs/names-1 emma xqzz\n"
      "  microgpt score --model runs/names-1 --file data/names.txt --rank --top 20");
  command.callback([options] {
    if (options->texts.empty() && options->file.empty()) throw CLI::RequiredError("TEXT or --file");
    const Checkpoint checkpoint = load_model(options->model);
    if (options->file.empty()) {
      score_arguments(*options, checkpoint);
    } else {
      score_file_of(*options, checkpoint);
    }
  });
  return command;
}

}  // namespace microgpt::cli
