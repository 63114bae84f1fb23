#include "cli/train_report.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/model/parameters.hpp"

namespace microgpt::cli {

namespace {

/// The path as one would type it here.
std::string from_here(const std::filesystem::path& path) {
  std::error_code gone;  // the folder we are in may have been deleted
  const auto relative = path.lexically_relative(std::filesystem::current_path(gone));
  const bool below = !relative.empty() && *relative.begin() != "..";
  return below ? relative.string() : path.string();
}

std::string count(int number, const std::string& thing) {
  return counted(static_cast<std::size_t>(number), thing);
}

std::string by_clock(double seconds) {
  char line[200];
  std::snprintf(line, sizeof line,
                "%s    %g s by the clock: how many steps that is differs from run to run, so this run is not "
                "reproducible by step\n",
                bold("time").c_str(), seconds);
  return line;
}

constexpr const char* kIndent = "        ";

std::string summary_line(const RunConfig& config, const TextSummary& data) {
  const std::string text =
      counted(data.characters, "character") + ", " + count(config.model.vocab_size, "token");
  const std::string for_test = data.test > 0 ? ", " + with_commas(data.test) + " for the test" : "";
  if (config.data.mode == DataMode::stream) {
    return "one stream of " + text + "; windows of " + std::to_string(config.model.block_size + 1) + ", "
           + counted(data.held_out, "character") + " held out" + for_test;
  }
  return counted(data.documents, config.data.mode == DataMode::lines ? "line" : "paragraph") + " ("
         + (data.distinct_is_exact ? "" : "about ") + with_commas(data.distinct) + " distinct), " + text
         + "; longest " + with_commas(data.longest) + ", " + with_commas(data.too_long)
         + (config.data.long_documents == LongDocuments::cut ? " cut" : " split") + " to fit block_size, "
         + with_commas(data.held_out) + " held out" + for_test;
}

}  // namespace

void describe(const RunConfig& config, const Corpus& corpus, const RunFolder& folder, int threads) {
  std::cout << bold("data ") << "   " << one_line(from_here(config.data.path)) << ": "
            << summary_line(config, corpus.summary) << '\n';
  for (const std::string& notice : corpus.dataset.notices()) std::cout << kIndent << notice << '\n';
  std::cout << bold("model") << "   " << count(config.model.n_layer, "layer") << ", width "
            << config.model.n_embd << ", " << count(config.model.n_head, "head") << ", context "
            << config.model.block_size << ": "
            << counted(static_cast<std::size_t>(parameter_count(config.model)), "parameter")
            << "; batches of " << config.train.batch_size << ", " << count(threads, "thread") << '\n'
            << (config.time_budget > 0 ? by_clock(config.time_budget) : "") << bold("run  ") << "   "
            << one_line(from_here(folder.path)) << '\n'
            << std::flush;
}

std::string stopped_early(const RunConfig& config) {
  return "stopped early, after " + counted(static_cast<std::size_t>(config.patience), "held-out loss", "es")
         + " without a new best (train.patience)";
}

void warn_of_loss(const Outcome& outcome, const RunConfig& config) {
  // A character comes next out of all, in a stream all but BOS. A fresh model is a little worse than
  // guessing: one nat more is no bad start but weights that were driven off.
  const double guessing = std::log(config.model.vocab_size - (is_stream(config) ? 1 : 0));
  if (outcome.steps == 0 || outcome.mean_loss < guessing + 1) return;
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", guessing);
  std::cerr << "warning: the loss ended at " << nats_text(outcome.mean_loss) << ", worse than guessing ("
            << text << "): try a lower train.learning_rate\n";
}

void report(const Outcome& outcome, const RunConfig& config, const RunFolder& folder) {
  std::cout << bold("trained") << ' ';
  if (outcome.steps == 0) {
    std::cout << "before; now only sampled";  // resumed at its end
  } else {
    char line[100];
    std::snprintf(line, sizeof line, " in %.2f s; loss ", outcome.seconds);
    std::cout << outcome.steps << (outcome.steps == 1 ? " step" : " steps") << line
              << nats_text(outcome.mean_loss);
    if (outcome.mean_steps > 1) std::cout << " (mean of the last " << outcome.mean_steps << " steps)";
  }
  if (outcome.held_out_loss) {
    const double loss = *outcome.held_out_loss;
    std::cout << ", held out " << nats_text(loss) << " nats a character (" << bits_text(loss)
              << " bits, perplexity " << perplexity_text(loss) << ')';
  }
  std::cout << '\n';
  if (outcome.stopped_early) {
    const Checkpoint best = Checkpoint::load(folder.best_checkpoint());
    std::cout << kIndent << stopped_early(config) << '\n'
              << kIndent << "the best, " << nats_text(*best.training().held_out_loss) << " at step "
              << best.training().step << ", is " << shell_quoted(from_here(folder.best_checkpoint())) << '\n';
  }
  if (outcome.samples.empty()) return;
  std::cout << bold("samples") << '\n';
  for (const std::string& text : outcome.samples) std::cout << as_document(text, config.data.mode) << '\n';
  std::cout << outcome.new_samples << " of these " << outcome.samples.size()
            << (outcome.new_samples == 1 ? " is new: it is" : " are new: they are") << " not in the text.\n"
            << "More of them: " << program_name() << " sample --model "
            << shell_quoted(from_here(folder.path)) << '\n';
}

void report_json(const Outcome& outcome, const RunConfig& config, const RunFolder& folder) {
  using nlohmann::ordered_json;
  ordered_json document = {{"run", folder.path.string()},
                           {"steps", outcome.steps},
                           {"parameters", parameter_count(config.model)},
                           {"data",
                            {{"documents", outcome.data.documents},
                             {"distinct_documents", outcome.data.distinct},
                             {"distinct_documents_exact", outcome.data.distinct_is_exact},
                             {"characters", outcome.data.characters},
                             {"vocabulary", config.model.vocab_size},
                             {"longest_document", outcome.data.longest},
                             {"too_long_documents", outcome.data.too_long},
                             {"held_out", outcome.data.held_out},
                             {"test", outcome.data.test}}},
                           {"seconds", outcome.seconds},
                           {"characters_per_second", outcome.characters_per_second},
                           {"mean_loss", outcome.mean_loss},
                           {"mean_loss_steps", outcome.mean_steps}};
  document["held_out_loss"] =
      outcome.held_out_loss ? ordered_json(*outcome.held_out_loss) : ordered_json(nullptr);
  document["stopped_early"] = outcome.stopped_early;
  document["reproducible"] = config.time_budget == 0;
  document["samples"] = outcome.samples;
  document["new_samples"] = outcome.new_samples;
  // The folder's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace microgpt::cli
