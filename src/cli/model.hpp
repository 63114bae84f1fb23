// What the commands share that use a model: finding it, its own text, writing texts with it.
#pragma once

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/trace.hpp"
#include "microgpt/text/corpus.hpp"

namespace microgpt::cli {

/// The checkpoint a path means: the file, or the newest valid one of a run folder. One that is
/// damaged is passed over with a warning on standard error.
Checkpoint load_model(const std::string& path);

/// Calls use() with the model's weights in the precision they are stored in.
template <class Use>
void with_parameters(const Checkpoint& checkpoint, Use&& use) {
  if (checkpoint.config().precision == Precision::float32) {
    use(checkpoint.parameters<float>());
  } else {
    use(checkpoint.parameters<double>());
  }
}

/// The model of a checkpoint in double precision, as it is studied; float32 weights keep their values.
study::Model study_model(const Checkpoint& checkpoint);

/// What cannot fit is refused before anything is allocated: throws Error (data) if this machine has less
/// memory than so many bytes. `what` is named, `hint` says what to do.
void require_memory(double bytes, const std::string& what, const std::string& hint);

/// Throws Error (data), with the place in the file, if the text that was read from it holds a character the
/// model has no token for.
void require_known(const Tokenizer& tokenizer, const std::string& path, std::string_view text);

/// A text as it would stand in a training file: a paragraph is followed by a blank line. On a
/// terminal control characters are escaped.
std::string as_document(const std::string& text, DataMode mode);

/// Throws Error (data) if a text, which is valid UTF-8, has a character the model does not know; says which
/// it knows. `option` is where the text came from.
void require_known_characters(const Tokenizer& tokenizer, const std::string& text, const std::string& option);

/// Whether the run's text is one stream without documents.
bool is_stream(const RunConfig& config);

/// The tokens that a text of the run is preceded by: BOS; in a stream a newline, or if it has none its
/// first character.
Token opening(const RunConfig& config, const Tokenizer& tokenizer);

/// A text as the model reads it between two `boundary` (opening()). Throws Error (usage) if it is no UTF-8 or
/// there is more of it than the context holds, Error (data) if a character is unknown; `option` names it.
Batch read_text(const study::Model& model, const std::string& text, Token boundary,
                const std::string& option);

/// The model's own text, from `data` or else from where the run had it, with its splits. Throws Error (data)
/// if its SHA-256 is not the run's.
struct OwnText {
  Dataset dataset;
  Sides split;
};
OwnText load_own_text(const Checkpoint& checkpoint, const std::string& data);

/// Called for each token of a text and for its end (BOS), with the logits it followed; of a stream's first
/// character there are none.
template <class T>
using SeenToken = typename Generator<T>::Seen;

/// Writes texts as the run's settings or those of the command line say.
template <class T>
class Writer {
 public:
  Writer(const RunConfig& config, const Parameters<T>& parameters, const Tokenizer& tokenizer,
         const SampleConfig& sample, std::span<const Token> prompt)
      : generator_(config.model, parameters), prompt_(prompt.begin(), prompt.end()) {
    options_ = {.sampler = sample.sampler,
                .max_chars = sample.max_chars > 0 ? sample.max_chars : config.model.block_size,
                .stream = is_stream(config)};
    if (options_.stream && prompt_.empty()) {
      prompt_ = {opening(config, tokenizer)};
      ++options_.max_chars;
      hidden_ = 1;
    }
  }

  /// The next text's tokens.
  std::vector<Token> write(Rng& rng, const SeenToken<T>& seen = {}) {
    SeenToken<T> shown = seen;
    if (hidden_ > 0 && seen) {
      shown = [&, at = 0](Token token, std::span<const T> logits) mutable {
        if (at++ > 0) seen(token, logits);
      };
    }
    auto tokens = generator_.generate(prompt_, options_, rng, shown);
    tokens.erase(tokens.begin(), tokens.begin() + hidden_);
    return tokens;
  }

 private:
  Generator<T> generator_;
  std::vector<Token> prompt_;
  GenerateOptions options_;
  int hidden_ = 0;  // characters of the prompt that are not part of the text
};

}  // namespace microgpt::cli
