// microgpt eval: a model's loss over a whole split, beside what tables of n-grams reach.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <thread>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
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

/// A text is read in portions of so many windows, or of so many characters for the n-grams: its tokens take
/// more room than itself.
constexpr std::size_t kPortion = 1024 * kWindowsTogether;
constexpr std::size_t kPiece = 1 << 16;

constexpr std::array<const char*, NgramModel::kOrder> kNgramNames = {"unigram", "bigram", "trigram", "4-gram",
                                                                     "5-gram"};

/// Name and nats a character of each, uniform first; without the training text that is all.
using Baselines = std::vector<std::pair<std::string, double>>;

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

/// A document as the model reads it, without what examples drop of a long one.
void read_document(const RunConfig& config, const Tokenizer& tokenizer, std::string_view document,
                   std::vector<Token>& tokens) {
  const auto most = static_cast<std::size_t>(config.model.block_size) + 1;
  tokens = {tokenizer.bos()};
  tokenizer.encode(document, tokens);
  tokens.push_back(tokenizer.bos());
  if (config.data.long_documents == LongDocuments::cut && tokens.size() > most) tokens.resize(most);
}

/// Calls take(tokens) with a stream's part of the text in pieces of `size` characters and, but for the first,
/// the last `before` characters of the piece that came before.
template <class Take>
void each_piece(const Tokenizer& tokenizer, std::string_view text, std::size_t size, std::size_t before,
                const Take& take) {
  std::vector<Token> tokens;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    for (std::size_t i = begin == 0 ? size + before : size; i > 0 && end < text.size(); --i) {
      next_code_point(text, end);
    }
    tokenizer.encode(text.substr(begin, end - begin), tokens);
    take(std::span<const Token>(tokens));
    tokens.erase(tokens.begin(), tokens.end() - static_cast<std::ptrdiff_t>(std::min(before, tokens.size())));
    begin = end;
  }
}

/// The losses of documents, or of a stream's windows, which stand for documents: what is drawn at random, if
/// anything is.
template <class T>
std::vector<Loss> losses_of(const RunConfig& config, const Tokenizer& tokenizer,
                            const Parameters<T>& parameters, const Documents& documents, int threads) {
  const auto block_size = static_cast<std::size_t>(config.model.block_size);
  std::vector<Loss> losses;
  Sequences portion;
  const auto judge = [&] {
    if (portion.empty()) return;
    const auto more = document_losses(config.model, parameters, portion, threads);
    losses.insert(losses.end(), more.begin(), more.end());
    portion.clear();
  };
  if (is_stream(config)) {
    for (const std::string_view text : documents) {
      losses.reserve(losses.size() + text.size() / block_size + 1);  // in ASCII just as many
      each_piece(tokenizer, text, kPortion * block_size, 1, [&](std::span<const Token> tokens) {
        for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += block_size) {
          const auto window = tokens.subspan(begin, std::min(block_size + 1, tokens.size() - begin));
          portion.emplace_back(window.begin(), window.end());
        }
        judge();
      });
    }
    return losses;
  }
  std::size_t windows = 0;
  for (const std::string_view document : documents) {
    read_document(config, tokenizer, document, portion.emplace_back());
    windows += (portion.back().size() - 2) / block_size + 1;
    if (windows < kPortion || windows % kWindowsTogether != 0) continue;
    judge();
    windows = 0;
  }
  judge();
  return losses;
}

/// Of `training`, if it is there, and for the documents that are judged.
Baselines baselines(const RunConfig& config, const Tokenizer& tokenizer, const Documents* training,
                    const Documents& judged) {
  const bool stream = is_stream(config);
  const int outcomes = tokenizer.vocab_size() - (stream ? 1 : 0);
  Baselines list = {{"uniform", std::log(outcomes)}};
  if (training == nullptr) return list;
  NgramModel ngrams(outcomes);
  std::vector<Token> tokens;
  /// Calls use(tokens, how many of them were there before, whether a document begins).
  const auto each = [&](const Documents& documents, const auto& use) {
    for (const std::string_view document : documents) {
      if (stream) {
        bool first = true;
        each_piece(tokenizer, document, kPiece, NgramModel::kOrder - 1, [&](std::span<const Token> piece) {
          use(piece, first ? 1 : NgramModel::kOrder - 1, first);
          first = false;
        });
      } else {
        read_document(config, tokenizer, document, tokens);
        use(std::span<const Token>(tokens), std::size_t{1}, true);
      }
    }
  };
  each(*training, [&](auto piece, std::size_t read, bool) { ngrams.count(piece, read); });
  NgramModel::ByOrder nats{}, of_document{};
  std::size_t characters = 0;
  const auto add = [&] {
    for (std::size_t k = 0; k < nats.size(); ++k) nats[k] += of_document[k];
    of_document = {};
  };
  each(judged, [&](auto piece, std::size_t read, bool begins) {
    if (begins) add();
    ngrams.add_nats(piece, read, of_document);
    characters += piece.size() - read;
  });
  add();
  for (std::size_t k = 0; k < nats.size(); ++k) {
    list.emplace_back(kNgramNames[k], nats[k] / static_cast<double>(characters));
  }
  return list;
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
