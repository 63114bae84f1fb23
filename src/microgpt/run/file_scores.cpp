#include "microgpt/run/file_scores.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/base/input.hpp"
#include "microgpt/evaluate/text_scorer.hpp"
#include "microgpt/run/evaluation.hpp"
#include "microgpt/text/plain_text.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kPieceBytes = 1 << 16;  // of a text that are made tokens at once

/// Calls found(text, line) for each text of the file. `plain` is the file as it stands: between the documents it has
/// nothing but white space.
template <class Found>
void each_text_with_line(const Dataset& dataset, std::string_view plain, const Found& found) {
  if (dataset.mode() == DataMode::stream) return found(dataset.text(), std::size_t{1});
  const auto lines_in = [&](std::size_t begin, std::size_t end) {
    const auto from = plain.begin() + static_cast<std::ptrdiff_t>(begin);
    return static_cast<std::size_t>(std::count(from, from + static_cast<std::ptrdiff_t>(end - begin), '\n'));
  };
  std::size_t at = 0, line = 1;
  std::string_view rest = dataset.text();
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const std::string_view document = rest.substr(0, rest.find(kDocumentEnd));
    rest.remove_prefix(std::min(document.size() + 1, rest.size()));
    const std::size_t begin = plain.find(document, at);
    line += lines_in(at, begin);
    found(document, line);
    at = begin + document.size();
    line += lines_in(begin, at);
  }
}

/// The sorting out of what can be scored.
FileScores read_texts_of(const Checkpoint& checkpoint, const std::string& path) {
  const std::string plain = read_plain_text(path);
  const std::string name = input_name(path);
  FileScores scores{
      .name = name,
      .dataset = Dataset::from_text(plain, checkpoint.config().data.mode, ByteOrderMark::keep, name)};
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  each_text_with_line(scores.dataset, plain, [&](std::string_view text, std::size_t line) {
    std::size_t unknown = tokenizer.find_unknown(text);
    if (unknown == std::string_view::npos) {
      scores.scored.push_back({line, text, {}});
    } else {
      scores.not_scored.push_back({line, text, next_code_point(text, unknown)});
    }
  });
  if (scores.scored.empty()) {
    const FileScores::Unknown& first = scores.not_scored.front();
    throw Error(Fault::data, {.what = "nothing can be scored",
                              .where = name + ", line " + std::to_string(first.line),
                              .hint = unknown_character_text(tokenizer, first.character)});
  }
  return scores;
}

template <class T>
void add_losses(const Checkpoint& checkpoint, int threads, std::vector<FileScores::Text>& texts) {
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const bool stream = is_stream(config);
  const Parameters<T> parameters = checkpoint.parameters<T>();
  TextScorer<T> scorer(config.model, parameters, threads, stream ? tokenizer.bos() : -1);
  std::vector<Token> tokens;
  for (const FileScores::Text& text : texts) {
    tokens.assign(1, opening(config, tokenizer));
    std::string_view rest = text.text;
    while (!rest.empty()) {
      std::size_t end = std::min(kPieceBytes, rest.size());
      while (end < rest.size() && continues_character(rest[end])) ++end;
      tokenizer.encode(rest.substr(0, end), tokens);
      rest.remove_prefix(end);
      if (!rest.empty()) {
        scorer.add(tokens, false);
        tokens.clear();
      }
    }
    if (!stream) tokens.push_back(tokenizer.bos());
    scorer.add(tokens);
  }
  const std::vector<LossSum> losses = scorer.finish();
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i].loss = losses[i];
}

double mean_of(const FileScores::Text& text) {
  return text.loss.nats / static_cast<double>(text.loss.characters);
}

}  // namespace

FileScores score_file(const Checkpoint& checkpoint, const std::string& path, int threads) {
  FileScores scores = read_texts_of(checkpoint, path);
  if (checkpoint.config().precision == Precision::float32) {
    add_losses<float>(checkpoint, threads, scores.scored);
  } else {
    add_losses<double>(checkpoint, threads, scores.scored);
  }
  const auto bad = std::find_if(scores.scored.begin(), scores.scored.end(),
                                [](const auto& text) { return !std::isfinite(text.loss.nats); });
  if (bad != scores.scored.end()) {
    const std::string text = shortened(bad->text, 60);
    static_cast<void>(score_texts(checkpoint, {&text, 1}, "--file"));  // says where it overflows
    throw Error(Fault::numeric,
                {.what = "cannot score",
                 .where = scores.name + ", line " + std::to_string(bad->line),
                 .hint = "the loss is not a finite number: the model's weights are too large"});
  }
  return scores;
}

void rank(FileScores& scores) {
  std::stable_sort(scores.scored.begin(), scores.scored.end(),
                   [](const auto& a, const auto& b) { return mean_of(a) > mean_of(b); });
}

}  // namespace microgpt
