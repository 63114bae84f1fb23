// Texts as a run writes them: its way of drawing characters, and what opens and ends a text.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/run/own_text.hpp"
#include "microgpt/text/known_texts.hpp"

namespace microgpt {

/// Called for each token of a text and for its end (BOS), with the logits it followed; of a stream's first character
/// there are none. A token that may belong to a stop string comes only when it is known not to.
template <class T>
using SeenToken = typename Generator<T>::Seen;

template <class T>
class Writer {
 public:
  /// The config's model and the parameters must outlive it. `sample` may differ from the config's. A text ends before
  /// the first of the stop strings that is written after the prompt.
  Writer(const RunConfig& config, const Parameters<T>& parameters, const Tokenizer& tokenizer,
         const SampleConfig& sample, std::span<const Token> prompt, StopStrings stop = {})
      : generator_(config.model, parameters), prompt_(prompt.begin(), prompt.end()) {
    options_ = {.sampler = sample.sampler,
                .max_chars = sample.max_chars > 0 ? sample.max_chars : config.model.block_size,
                .stream = is_stream(config),
                .stop = std::move(stop)};
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
    is_cut_ = !options_.stream && static_cast<int>(tokens.size()) == max_chars();
    return tokens;
  }

  /// The number of the stop string that ended the last text; nothing if none did.
  [[nodiscard]] std::optional<std::size_t> stopped_by() const { return generator_.stopped_by(); }
  /// How the last text ended.
  [[nodiscard]] TextEnd end() const {
    return stopped_by() ? TextEnd::stopped : is_cut_ ? TextEnd::cut : TextEnd::own;
  }

  /// Most characters a text has; one that has so many was cut there.
  [[nodiscard]] int max_chars() const { return options_.max_chars - hidden_; }

 private:
  Generator<T> generator_;
  std::vector<Token> prompt_;
  GenerateOptions options_;
  bool is_cut_ = false;
  int hidden_ = 0;  // characters of the prompt that are not part of the text
};

}  // namespace microgpt
