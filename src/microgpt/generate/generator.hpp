// From logits to text: one draw of the generator a character, until BOS (microgpt.py, "Inference: may the
// model babble back to us").
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/sampler.hpp"
#include "microgpt/generate/sliding_decoder.hpp"

namespace microgpt {

struct GenerateOptions {
  SamplerOptions sampler = {};
  int max_chars = 16;   ///< most characters of a text, its prompt included
  bool stream = false;  ///< a text without beginning or end: BOS is neither read nor drawn
};

template <class T>
class Generator {
 public:
  /// The config and the parameters must outlive the generator.
  Generator(const ModelConfig& config, const Parameters<T>& parameters);

  /// Called for every token of a text in order, those of the prompt and the closing BOS included, with the
  /// logits (V) it followed; none for the first token of a stream.
  using Seen = std::function<void(int token, std::span<const T> logits)>;

  /// A document that begins with the prompt: the prompt's tokens and those drawn after them. With no prompt
  /// and max_chars = block_size this is the source's way, draw for draw. A stream has max_chars characters,
  /// and since only its prompt can open it, there must be one. Where a text outgrows the context, the window
  /// slides (generate/sliding_decoder.hpp). Throws Error (numeric) if a logit is NaN.
  std::vector<int> generate(std::span<const int> prompt, const GenerateOptions& options, Rng& rng,
                            const Seen& seen = {});

 private:
  int bos_;
  SlidingDecoder<T> decoder_;
  Sampler<T> sampler_;
};

}  // namespace microgpt
