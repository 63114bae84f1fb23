#include "microgpt/evaluate/texts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "microgpt/evaluate/ngram.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

/// Windows in a portion of the text, and characters in a portion for the n-grams.
constexpr std::size_t kPortion = 1024 * kWindowsTogether;
constexpr std::size_t kPiece = 1 << 16;

constexpr std::array<const char*, NgramModel::kOrder> kNgramNames = {"unigram", "bigram", "trigram", "4-gram",
                                                                     "5-gram"};

/// A document as the model reads it, without what examples drop of a long one.
void read_document(const ModelConfig& model, const DataConfig& data, const Tokenizer& tokenizer,
                   std::string_view document, std::vector<Token>& tokens) {
  const auto most = static_cast<std::size_t>(model.block_size) + 1;
  tokens.clear();
  tokenizer.encode(Example{document}, tokens);
  if (data.long_documents == LongDocuments::cut && tokens.size() > most) tokens.resize(most);
}

/// Calls take(tokens) with a stream's part of the text in pieces of `size` characters; each but the first begins with
/// the last `before` characters of the piece that came before it.
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

}  // namespace

template <class T>
std::vector<LossSum> text_losses(const ModelConfig& model, const DataConfig& data, const Tokenizer& tokenizer,
                                 const Parameters<T>& parameters, std::span<const std::string_view> texts,
                                 int threads) {
  const auto block_size = static_cast<std::size_t>(model.block_size);
  std::vector<LossSum> losses;
  std::vector<std::vector<Token>> portion;
  LossEvaluator<T> evaluator(model, parameters, threads);
  const auto judge = [&] {
    if (portion.empty()) return;
    const auto more = evaluator.losses(portion);
    losses.insert(losses.end(), more.begin(), more.end());
    portion.clear();
  };
  if (data.mode == DataMode::stream) {
    for (const std::string_view text : texts) {
      losses.reserve(losses.size() + text.size() / block_size + 1);  // exact for ASCII
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
  for (const std::string_view document : texts) {
    read_document(model, data, tokenizer, document, portion.emplace_back());
    windows += (portion.back().size() - 2) / block_size + 1;
    if (windows < kPortion || windows % kWindowsTogether != 0) continue;
    judge();
    windows = 0;
  }
  judge();
  return losses;
}

template std::vector<LossSum> text_losses<float>(const ModelConfig&, const DataConfig&, const Tokenizer&,
                                                 const Parameters<float>&, std::span<const std::string_view>,
                                                 int);
template std::vector<LossSum> text_losses<double>(const ModelConfig&, const DataConfig&, const Tokenizer&,
                                                  const Parameters<double>&,
                                                  std::span<const std::string_view>, int);

double uniform_nats(int vocab_size, DataMode mode) {
  return std::log(vocab_size - (mode == DataMode::stream ? 1 : 0));
}

std::vector<Baseline> ngram_baselines(const ModelConfig& model, const DataConfig& data,
                                      const Tokenizer& tokenizer, std::span<const std::string_view> training,
                                      std::span<const std::string_view> judged) {
  const bool stream = data.mode == DataMode::stream;
  NgramModel ngrams(tokenizer.vocab_size() - (stream ? 1 : 0));
  std::vector<Token> tokens;
  /// Calls use(tokens, how many of them were there before, whether a document begins).
  const auto each = [&](std::span<const std::string_view> documents, const auto& use) {
    for (const std::string_view document : documents) {
      if (stream) {
        bool first = true;
        each_piece(tokenizer, document, kPiece, NgramModel::kOrder - 1, [&](std::span<const Token> piece) {
          use(piece, first ? 1 : NgramModel::kOrder - 1, first);
          first = false;
        });
      } else {
        read_document(model, data, tokenizer, document, tokens);
        use(std::span<const Token>(tokens), std::size_t{1}, true);
      }
    }
  };
  each(training, [&](auto piece, std::size_t read, bool) { ngrams.count(piece, read); });
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
  std::vector<Baseline> list = {{"uniform", uniform_nats(tokenizer.vocab_size(), data.mode)}};
  for (std::size_t k = 0; characters > 0 && k < nats.size(); ++k) {
    list.push_back({kNgramNames[k], nats[k] / static_cast<double>(characters)});
  }
  return list;
}

}  // namespace microgpt
