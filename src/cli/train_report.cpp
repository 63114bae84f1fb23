#include "cli/train_report.hpp"

#include <algorithm>
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
std::string shown(const std::filesystem::path& path) {
  const auto relative = path.lexically_relative(std::filesystem::current_path());
  const bool below = !relative.empty() && *relative.begin() != "..";
  return one_line(below ? relative.string() : path.string());
}

/// "1 layer", "2 layers".
std::string count(std::size_t number, const std::string& thing) {
  return with_commas(number) + ' ' + thing + (number == 1 ? "" : "s");
}
std::string count(int number, const std::string& thing) {
  return count(static_cast<std::size_t>(number), thing);
}

constexpr const char* kIndent = "        ";

}  // namespace

void describe(const RunConfig& config, const Corpus& corpus, const RunFolder& folder, int threads) {
  const auto& documents = corpus.dataset.documents();
  std::cout << bold("data ") << "   " << shown(config.data.path) << ": "
            << count(documents.size(), config.data.documents == DocumentKind::lines ? "line" : "paragraph")
            << ", " << corpus.tokenizer.vocab_size() << " tokens; trained on "
            << count(corpus.training.size(), "example");
  if (!corpus.held_out.empty()) std::cout << ", " << with_commas(corpus.held_out.size()) << " held out";
  std::cout << '\n';
  for (const std::string& notice : corpus.dataset.notices()) std::cout << kIndent << notice << '\n';
  if (config.data.long_documents == LongDocuments::cut) {
    const auto cut =
        static_cast<std::size_t>(std::count_if(corpus.training.begin(), corpus.training.end(),
                                               [](const Example& example) { return !example.closes; }));
    if (cut > 0) std::cout << kIndent << "longer than block_size and cut: " << count(cut, "document") << '\n';
  }
  std::cout << bold("model") << "   " << count(config.model.n_layer, "layer") << ", width "
            << config.model.n_embd << ", " << count(config.model.n_head, "head") << ", context "
            << config.model.block_size << ": "
            << count(static_cast<std::size_t>(parameter_count(config.model)), "parameter") << "; batches of "
            << config.train.batch_size << ", " << count(threads, "thread") << '\n'
            << bold("run  ") << "   " << shown(folder.path) << '\n'
            << std::flush;
}

void report(const Outcome& outcome, const RunConfig& config, const RunFolder& folder) {
  char line[200];
  std::snprintf(line, sizeof line, " %d steps in %.2f s; loss %.4f (mean of the last %zu steps)",
                outcome.steps, outcome.seconds, outcome.mean_loss, outcome.mean_steps);
  if (outcome.steps == 0)
    std::snprintf(line, sizeof line, " before; now only sampled");  // resumed at its end
  std::cout << bold("trained") << line;
  if (outcome.held_out_loss) {
    const double loss = *outcome.held_out_loss;
    std::snprintf(line, sizeof line, ", held out %.4f nats a character (%.3f bits, perplexity %.2f)", loss,
                  loss / std::log(2.0), std::exp(loss));
    std::cout << line;
  }
  std::cout << '\n';
  if (outcome.samples.empty()) return;
  std::cout << bold("samples") << '\n';
  for (const std::string& text : outcome.samples)
    std::cout << as_document(text, config.data.documents) << '\n';
  std::cout << outcome.new_samples << " of these " << outcome.samples.size()
            << " are new: they are not in the text.\n"
            << "More of them: " << program_name() << " sample --model " << shown(folder.path) << '\n';
}

void report_json(const Outcome& outcome, const RunConfig& config, const RunFolder& folder) {
  using nlohmann::ordered_json;
  ordered_json document = {{"run", folder.path.string()},
                           {"steps", outcome.steps},
                           {"parameters", parameter_count(config.model)},
                           {"seconds", outcome.seconds},
                           {"characters_per_second", outcome.characters_per_second},
                           {"mean_loss", outcome.mean_loss},
                           {"mean_loss_steps", outcome.mean_steps}};
  document["held_out_loss"] =
      outcome.held_out_loss ? ordered_json(*outcome.held_out_loss) : ordered_json(nullptr);
  document["samples"] = outcome.samples;
  document["new_samples"] = outcome.new_samples;
  // The folder's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace microgpt::cli
