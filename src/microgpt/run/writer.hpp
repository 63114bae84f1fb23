// Texts as a run writes them: its way of drawing characters, and what opens and ends a text.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/run/own_text.hpp"

namespace microgpt {

/// Called for each token of a text and for its end (BOS), with the logits it followed; of a stream's first character
/// there are none.
template <class T>
using SeenToken = typename Generator<T>::Seen;

template <class T>
class Writer {
 public:
  /// The config's model and the parameters must outlive it. `sample` may differ from the config's.
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

  /// The next text's tokens, without BOS.
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

  /// Most characters a text has; one that has so many was cut there.
  [[nodiscard]] int max_chars() const { return options_.max_chars - hidden_; }

 private:
  Generator<T> generator_;
  std::vector<Token> prompt_;
  GenerateOptions options_;
  int hidden_ = 0;  // characters of the prompt that are not part of the text
};

}  // namespace microgpt
