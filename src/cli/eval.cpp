// microgpt eval: a model's loss over a whole split, beside what tables of n-grams reach.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/eval_texts.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/loss.hpp"

namespace microgpt::cli {

namespace {

struct EvalOptions {
  std::string model;
  std::string data;
  std::string split;
  int threads = all_cores();
  bool json = false;
};

/// The split by name, of the text's documents.
Documents choose(const std::string& name, const Dataset& dataset, const Sides& split,
                 const DataConfig& config) {
  const auto refuse = [&](const std::string& key) {
    return Error(Fault::usage, "bad --split: " + name
                                   + ": the run kept no such documents from training: it has train"
                                   + (config.held_out > 0 ? ", val" : "") + (config.test > 0 ? ", test" : "")
                                   + " and all; a run trained with --set " + key + "=0.1 has it");
  };
  if (name == "val" && config.held_out == 0) throw refuse("data.held_out");
  if (name == "test" && config.test == 0) throw refuse("data.test");
  Documents documents = name == "train"                      ? split.training
                        : name == "val"                      ? split.held_out
                        : name == "test"                     ? split.test
                        : dataset.mode() == DataMode::stream ? Documents{dataset.text()}
                                                             : dataset.documents();
  if (documents.empty()) throw Error(Fault::data, "nothing to judge by: no document is in the split " + name);
  return documents;
}

void print(const std::string& split, bool stream, const LossSummary& summary, const Baselines& baselines) {
  const double loss = summary.token_mean;
  std::cout << bold("split") << "      " << split << ": "
            << counted(summary.documents, stream ? "window" : "document") << ", "
            << counted(summary.characters, "character")
            << (stream ? "" : ", the end of each document counted") << '\n';
  std::cout << bold("model") << "      " << nats_text(loss) << " nats a character";
  if (summary.standard_error) {
    std::cout << ", standard error " << nats_text(*summary.standard_error) << " over "
              << (stream ? "windows" : "documents");
  }
  std::cout << "\n           " << bits_text(loss) << " bits a character, perplexity "
            << perplexity_text(loss);
  if (!stream) std::cout << "; mean of the documents' means " << nats_text(summary.document_mean) << " nats";
  std::cout << '\n' << bold("baselines") << "  nats a character, and what the model saves";
  if (baselines.size() == 1) {
    std::cout << " (no n-grams: the run's own text is gone)";
  } else if (split == "train" || split == "all") {
    std::cout << " (they were fitted on the training part)";
  }
  std::cout << '\n';
  char line[100];
  for (const auto& [name, nats] : baselines) {
    const double saved = nats - loss;
    std::snprintf(line, sizeof line, std::abs(saved) < 1e6 ? "  %-8s %.4f  %+.4f\n" : "  %-8s %.4f  %+.2e\n",
                  name.c_str(), nats, saved);
    std::cout << line;
  }
}

void run_eval(const EvalOptions& options) {
  const Checkpoint checkpoint = load_model(options.model);
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();

  // Its own text, or another one.
  std::optional<OwnText> own;
  std::optional<OwnText> other;
  if (!options.data.empty()) {
    Dataset dataset = Dataset::load(options.data, config.data.mode, ByteOrderMark::drop);
    Sides split = split_texts(dataset, config.data);
    const bool is_own = dataset.digest() == checkpoint.training().data_sha256;
    (is_own ? own : other).emplace(OwnText{std::move(dataset), std::move(split)});
  }
  if (!own && !other) own.emplace(load_own_text(checkpoint, ""));
  std::string notice;
  if (!own) {
    try {
      own.emplace(load_own_text(checkpoint, ""));
    } catch (const Error& error) {
      notice = std::string("no n-grams: ") + error.what();
    }
  }
  const OwnText& judged = other ? *other : *own;
  const std::string split = !options.split.empty()               ? options.split
                            : other || config.data.held_out == 0 ? "all"
                                                                 : "val";
  const Documents documents = choose(split, judged.dataset, judged.split, config.data);

  if (other) {
    for (const std::string_view document : documents) require_known(tokenizer, options.data, document);
  }
  LossSummary summary;
  with_parameters(checkpoint, [&](const auto& parameters) {
    const auto losses = losses_of(config, tokenizer, parameters, documents, options.threads);
    if (losses.empty()) throw Error(Fault::data, "nothing to judge by: the split " + split + " is too short");
    summary = summarize(losses);
  });
  if (!std::isfinite(summary.token_mean)) {
    throw Error(Fault::numeric,
                "cannot judge: the loss is not a finite number: the model's weights are too large");
  }
  const Baselines table = baselines(config, tokenizer, own ? &own->split.training : nullptr, documents);
  if (!notice.empty()) std::cerr << "warning: " << one_line(notice) << '\n';

  if (!options.json) return print(split, is_stream(config), summary, table);
  nlohmann::ordered_json document = {{"split", split},
                                     {"documents", summary.documents},
                                     {"characters", summary.characters},
                                     {"nats_token_mean", summary.token_mean},
                                     {"nats_document_mean", summary.document_mean},
                                     {"bits_per_character", summary.token_mean / std::log(2.0)},
                                     {"perplexity", nullptr},
                                     {"standard_error", nullptr}};
  if (const double perplexity = std::exp(summary.token_mean); std::isfinite(perplexity)) {
    document["perplexity"] = perplexity;
  }
  if (summary.standard_error) document["standard_error"] = *summary.standard_error;
  for (const auto& [name, nats] : table) document["baselines"][name] = nats;
  std::cout << document.dump() << '\n';
}

}  // namespace

CLI::App& add_eval(CLI::App& program) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command =
      *program.add_subcommand("eval", "Judge a model by a whole split, beside tables of n-grams");
  command.add_option("--model", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  command
      .add_option("--split", options->split,
                  "train, val (data.held_out), test (data.test) or all (default: val if there is one and the "
                  "text is the run's own, else all)")
      ->check(one_of({"train", "val", "test", "all"}))
      ->option_text("SPLIT");
  command
      .add_option("--data", options->data,
                  "Another text to judge by, or the run's own if it was moved (default: the run's own)")
      ->check(check_path)
      ->option_text("FILE");
  command.add_option("--threads", options->threads, "Changes the time it takes, never the result")
      ->check(whole_between(1, 1024))
      ->default_str("all cores");
  command.add_flag("--json", options->json, "One JSON document instead of words");
  command.footer(
      "docs/evaluate.md says what the figures mean.\n\n"
      "Example:\n"
      "  microgpt eval --model runs/names-1 --split val");
  command.callback([options] { run_eval(*options); });
  return command;
}

}  // namespace microgpt::cli
