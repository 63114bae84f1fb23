#include "microgpt/run/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/train/nonfinite.hpp"

namespace microgpt {

namespace {

/// Calls use() with the model's weights in the precision they are stored in.
template <class Use>
void with_weights(const Checkpoint& checkpoint, const Use& use) {
  if (checkpoint.config().precision == Precision::float32) {
    use(checkpoint.parameters<float>());
  } else {
    use(checkpoint.parameters<double>());
  }
}

/// The text to judge by and, where it can be had, the run's own; they may be one.
struct JudgedText {
  std::optional<OwnText> own, other;
  std::string why_no_own;

  [[nodiscard]] const OwnText& judged() const { return other ? *other : *own; }
};

JudgedText read_texts(const Checkpoint& checkpoint, const std::string& data) {
  JudgedText texts;
  if (!data.empty()) {
    const DataConfig& config = checkpoint.config().data;
    Dataset dataset = Dataset::load(data, config.mode, ByteOrderMark::drop);
    Sides split = split_texts(dataset, config);
    const bool is_own = dataset.digest() == checkpoint.training().data_sha256;
    (is_own ? texts.own : texts.other).emplace(OwnText{std::move(dataset), std::move(split)});
    if (is_own) return texts;
  }
  try {
    texts.own.emplace(load_own_text(checkpoint, ""));
  } catch (const Error& error) {
    if (!texts.other) throw;
    texts.why_no_own = error.what();
  }
  return texts;
}

template <class T>
ScoredText score_one(const Checkpoint& checkpoint, const Parameters<T>& parameters, const std::string& text,
                     const std::string& option) {
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const bool stream = is_stream(config);
  if (find_invalid_utf8(text) != std::string::npos) {
    throw bad_option(option, in_quotes(text), "it is not valid UTF-8");
  }
  if (stream && text.empty()) {
    throw bad_option(option, "", "it is empty, and the text of a stream has no end to score");
  }
  require_known_characters(tokenizer, text, option);
  ScoredText scored{.text = text, .ends = !stream};
  std::vector<Token> tokens = {opening(config, tokenizer)};
  tokenizer.encode(text, tokens);
  for (std::size_t i = 1; i < tokens.size(); ++i)
    scored.characters.push_back(tokenizer.decode({&tokens[i], 1}));
  if (scored.ends) tokens.push_back(tokenizer.bos());
  scored.nats = surprises<T>(config.model, parameters, tokens, stream ? tokenizer.bos() : -1);
  if (all_finite<double>(scored.nats)) return scored;
  Batch batch;
  tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(config.model.block_size) + 1));
  batch.add(tokens);
  // (Empty if only a later window of a long text overflows.)
  const std::string found = find_nonfinite_in_forward_pass(config.model, parameters, batch);
  throw Error(Fault::numeric, {.what = "cannot score",
                               .value = in_quotes(text),
                               .hint = (found.empty() ? "a logit is not a finite number" : found)
                                       + ": the model's weights are too large"});
}

Error nothing_to_judge(const std::string& split, const std::string& why) {
  return Error(Fault::data, {.what = "nothing to evaluate", .where = "split " + split, .hint = why});
}

}  // namespace

std::vector<std::string_view> choose_split(const std::string& name, const OwnText& text,
                                           const DataConfig& config) {
  const auto refuse = [&](const std::string& key) {
    return bad_option("--split", name,
                      std::string("this run held no such part back, so it has train")
                          + (config.held_out > 0 ? ", val" : "") + (config.test > 0 ? ", test" : "")
                          + " and all; train with --set " + key + "=0.1 to get it");
  };
  if (name == "val" && config.held_out == 0) throw refuse("data.held_out");
  if (name == "test" && config.test == 0) throw refuse("data.test");
  std::vector<std::string_view> documents;
  if (name == "train") {
    documents = text.split.training;
  } else if (name == "val") {
    documents = text.split.held_out;
  } else if (name == "test") {
    documents = text.split.test;
  } else if (name != "all") {
    throw Error(
        Fault::usage,
        {.what = "bad --split", .value = printable(name), .hint = "there are train, val, test and all"});
  } else if (text.dataset.mode() == DataMode::stream) {
    documents = {text.dataset.text()};
  } else {
    documents = text.dataset.documents();
  }
  if (documents.empty()) throw nothing_to_judge(name, "it has no documents");
  return documents;
}

Evaluation evaluate_split(const Checkpoint& checkpoint, const std::string& data, const std::string& split,
                          int threads) {
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const JudgedText texts = read_texts(checkpoint, data);
  Evaluation result{.split = split, .stream = is_stream(config), .own_text = !texts.other};
  if (split.empty()) result.split = texts.other || config.data.held_out == 0 ? "all" : "val";
  const auto documents = choose_split(result.split, texts.judged(), config.data);
  if (texts.other) {
    for (const std::string_view document : documents) require_known(tokenizer, data, document);
  }
  with_weights(checkpoint, [&](const auto& parameters) {
    const auto losses = text_losses(config.model, config.data, tokenizer, parameters, documents, threads);
    if (losses.empty()) {
      throw nothing_to_judge(result.split, "it is too short");
    }
    result.losses = summarize(losses);
  });
  if (!std::isfinite(result.losses.token_mean)) {
    throw Error(Fault::numeric,
                {.what = "cannot evaluate",
                 .where = "split " + result.split,
                 .hint = "the loss is not a finite number: the model's weights are too large"});
  }
  if (texts.own) {
    result.baselines =
        ngram_baselines(config.model, config.data, tokenizer, texts.own->split.training, documents);
  } else {
    result.baselines = {{"uniform", uniform_nats(tokenizer.vocab_size(), config.data.mode)}};
    result.no_ngrams = texts.why_no_own;
  }
  return result;
}

std::vector<ScoredText> score_texts(const Checkpoint& checkpoint, std::span<const std::string> texts,
                                    const std::string& option) {
  std::vector<ScoredText> all;
  with_weights(checkpoint, [&](const auto& parameters) {
    for (const std::string& text : texts) all.push_back(score_one(checkpoint, parameters, text, option));
  });
  return all;
}

}  // namespace microgpt
