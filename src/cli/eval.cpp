// microgpt eval: a model's loss over a whole split, beside what tables of n-grams reach.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/loss.hpp"
#include "microgpt/evaluate/ngram.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

struct EvalOptions {
  std::string model;
  std::string data;
  std::string split;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool json = false;
};

using Documents = std::vector<std::string_view>;
using Sequences = std::vector<std::vector<Token>>;

constexpr std::array<const char*, NgramModel::kOrder> kNgramNames = {"unigram", "bigram", "trigram", "4-gram",
                                                                     "5-gram"};

/// Name and nats a character of each, uniform first; without the training text that is all.
using Baselines = std::vector<std::pair<std::string, double>>;

/// The split by name, of the text's documents.
Documents choose(const std::string& name, const Dataset& dataset, const Sides& split,
                 const DataConfig& config) {
  const auto refuse = [&](const char* key) {
    return Error(Fault::usage, "bad --split: " + name + ": the run kept no such documents from training ("
                                   + key + " is 0): ask for train or all");
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

/// Documents as the model reads them; `cut` drops what examples drop of a long one. Of a stream its part of
/// the text in one piece.
Sequences read_documents(const RunConfig& config, const Tokenizer& tokenizer, const Documents& documents) {
  const auto most = static_cast<std::size_t>(config.model.block_size) + 1;
  Sequences sequences;
  sequences.reserve(documents.size());
  for (const std::string_view document : documents) {
    std::vector<Token>& tokens = sequences.emplace_back();
    if (is_stream(config)) {
      tokenizer.encode(document, tokens);
      continue;
    }
    tokens.push_back(tokenizer.bos());
    tokenizer.encode(document, tokens);
    tokens.push_back(tokenizer.bos());
    if (config.data.long_documents == LongDocuments::cut && tokens.size() > most) tokens.resize(most);
  }
  return sequences;
}

/// A stream's windows, which stand for documents: what is drawn at random, if anything is.
Sequences windows_of(const RunConfig& config, const Sequences& streams) {
  const auto block_size = static_cast<std::size_t>(config.model.block_size);
  Sequences windows;
  for (const auto& tokens : streams) {
    for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += block_size) {
      const auto window = std::span(tokens).subspan(begin, std::min(block_size + 1, tokens.size() - begin));
      windows.emplace_back(window.begin(), window.end());
    }
  }
  return windows;
}

Baselines baselines(const RunConfig& config, int vocab_size, const Sequences& training,
                    const Sequences& judged) {
  const int outcomes = vocab_size - (is_stream(config) ? 1 : 0);
  Baselines list = {{"uniform", std::log(outcomes)}};
  if (training.empty()) return list;
  NgramModel ngrams(outcomes);
  for (const auto& document : training) ngrams.count(document);
  NgramModel::ByOrder nats{};
  std::size_t characters = 0;
  for (const auto& document : judged) {
    const auto more = ngrams.nats(document);
    for (std::size_t k = 0; k < nats.size(); ++k) nats[k] += more[k];
    characters += document.size() - 1;
  }
  for (std::size_t k = 0; k < nats.size(); ++k) {
    list.emplace_back(kNgramNames[k], nats[k] / static_cast<double>(characters));
  }
  return list;
}

void print(const std::string& split, bool stream, const LossSummary& summary, const Baselines& baselines) {
  char line[200];
  const double loss = summary.token_mean;
  std::cout << bold("split") << "      " << split << ": " << with_commas(summary.documents)
            << (stream ? " window" : " document") << (summary.documents == 1 ? ", " : "s, ")
            << with_commas(summary.characters) << " characters"
            << (stream ? "" : ", the end of each document counted") << '\n';
  std::snprintf(line, sizeof line, "      %.4f nats a character", loss);
  std::cout << bold("model") << line;
  if (summary.standard_error) {
    std::snprintf(line, sizeof line, ", standard error %.4f over %s", *summary.standard_error,
                  stream ? "windows" : "documents");
    std::cout << line;
  }
  std::snprintf(line, sizeof line, "\n           %.3f bits a character, perplexity %.2f",
                loss / std::log(2.0), std::exp(loss));
  std::cout << line;
  if (!stream) {
    std::snprintf(line, sizeof line, "; mean of the documents' means %.4f nats", summary.document_mean);
    std::cout << line;
  }
  std::cout << '\n' << bold("baselines") << "  nats a character, and what the model saves";
  if (split == "train" || split == "all") std::cout << " (they were fitted on the training part)";
  std::cout << '\n';
  for (const auto& [name, nats] : baselines) {
    std::snprintf(line, sizeof line, "  %-8s %.4f  %+.4f\n", name.c_str(), nats, nats - loss);
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

  const Sequences sequences = read_documents(config, tokenizer, documents);
  LossSummary summary;
  with_parameters(checkpoint, [&](const auto& parameters) {
    const auto read = is_stream(config) ? windows_of(config, sequences) : sequences;
    if (read.empty()) throw Error(Fault::data, "nothing to judge by: the split " + split + " is too short");
    summary = summarize(document_losses(config.model, parameters, read, options.threads));
  });
  if (!std::isfinite(summary.token_mean)) {
    throw Error(Fault::numeric,
                "cannot judge: the loss is not a finite number: the model's weights are too large");
  }
  const Baselines table =
      baselines(config, tokenizer.vocab_size(),
                own ? read_documents(config, tokenizer, own->split.training) : Sequences{}, sequences);
  if (!notice.empty()) std::cerr << "warning: " << one_line(notice) << '\n';

  if (!options.json) return print(split, is_stream(config), summary, table);
  nlohmann::ordered_json document = {{"split", split},
                                     {"documents", summary.documents},
                                     {"characters", summary.characters},
                                     {"nats_token_mean", summary.token_mean},
                                     {"nats_document_mean", summary.document_mean},
                                     {"bits_per_character", summary.token_mean / std::log(2.0)},
                                     {"perplexity", std::exp(summary.token_mean)}};
  document["standard_error"] = nullptr;
  if (summary.standard_error) document["standard_error"] = *summary.standard_error;
  for (const auto& [name, nats] : table) document["baselines"][name] = nats;
  std::cout << document.dump() << '\n';
}

}  // namespace

void add_eval(CLI::App& program) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command =
      *program.add_subcommand("eval", "Judge a model by a whole split, beside tables of n-grams");
  command.add_option("--model", options->model, "Run folder or checkpoint file")->required();
  command
      .add_option("--data", options->data,
                  "Text to judge by: another one, or the run's own if it was moved (default: the run's own)")
      ->check(check_path);
  command
      .add_option(
          "--split", options->split,
          "train, val (data.held_out), test (data.test) or all (default: val if there is one and the text "
          "is the run's own, else all)")
      ->check(CLI::IsMember({"train", "val", "test", "all"}));
  command.add_option("--threads", options->threads, "Changes the time it takes, never the result")
      ->check(CLI::Range(1, 1024))
      ->default_str("all cores");
  command.add_flag("--json", options->json, "One JSON document instead of words");
  command.footer(
      "docs/evaluate.md says what the figures mean.\n\n"
      "Example:\n  microgpt eval --model runs/names-1 --split val");
  command.callback([options] { run_eval(*options); });
}

}  // namespace microgpt::cli
