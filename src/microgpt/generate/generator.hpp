// From logits to text: one draw of the generator a character, until BOS (microgpt.py, "Inference: may the
// model babble back to us").
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/sampler.hpp"
#include "microgpt/generate/sliding_decoder.hpp"
#include "microgpt/generate/stop_strings.hpp"

namespace microgpt {

struct GenerateOptions {
  SamplerOptions sampler = {};
  int max_chars = 16;   ///< most characters of a text, its prompt included
  bool stream = false;  ///< a text without beginning or end: BOS is neither read nor drawn
  /// The text ends before the first of these that is written after the prompt.
  StopStrings stop = {};
};

template <class T>
class Generator {
 public:
  /// The config and the parameters must outlive the generator.
  Generator(const ModelConfig& config, const Parameters<T>& parameters);

  /// Called for every token of a text in order, those of the prompt and the closing BOS included, with the
  /// logits (V) it followed; none for the first token of a stream. Tokens that may be the beginning of a stop string
  /// come when it is known that they are not, and those of a stop string never.
  using Seen = std::function<void(int token, std::span<const T> logits)>;

  /// A document that begins with the prompt: the prompt's tokens and those drawn after them. With no prompt
  /// and max_chars = block_size this is the source's way, draw for draw. A stream has max_chars characters,
  /// and since only its prompt can open it, there must be one. Where a text outgrows the context, the window
  /// slides (generate/sliding_decoder.hpp). Throws Error (numeric) if a logit is NaN.
  ///
  /// Every character that is drawn takes one random number, those of the stop string and the end included; there are
  /// none after them. So a text is the beginning of what it would be without stop strings, and the next one goes on
  /// with the next number.
  std::vector<int> generate(std::span<const int> prompt, const GenerateOptions& options, Rng& rng,
                            const Seen& seen = {});

  /// The number of the stop string that ended the last text; nothing if none did.
  [[nodiscard]] std::optional<std::size_t> stopped_by() const { return stopped_by_; }

 private:
  int bos_;
  SlidingDecoder<T> decoder_;
  Sampler<T> sampler_;
  std::optional<std::size_t> stopped_by_;
};

}  // namespace microgpt
