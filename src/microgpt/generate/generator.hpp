// From logits to text: softmax at a temperature, one draw of the generator a character, until BOS
// (microgpt.py, "Inference: may the model babble back to us").
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/decoder.hpp"

namespace microgpt {

struct GenerateOptions {
  double temperature = 0.5;  ///< 0: always the most probable character
  int max_length = 16;       ///< most characters of a text, its prompt included
};

template <class T>
class Generator {
 public:
  /// The config and the parameters must outlive the generator.
  Generator(const ModelConfig& config, const Parameters<T>& parameters);

  /// A document that begins with the prompt: the prompt's tokens and those drawn after them. With
  /// no prompt and max_length = block_size this is the source's way, draw for draw. Where a text
  /// outgrows the context, the model goes on from the last half of it. Throws Error (numeric) if a
  /// logit is NaN.
  std::vector<int> generate(std::span<const int> prompt, const GenerateOptions& options, Rng& rng);

 private:
  /// Reads `next`, which follows `before`.
  std::span<const T> read(std::span<const int> before, int next);

  /// Draws a token from softmax(logits / temperature).
  int draw(std::span<const T> logits, double temperature, Rng& rng);

  int block_size_;
  int bos_;
  Decoder<T> decoder_;
  Arena<T> scaled_;                    // scratch: logits, then probabilities
  std::vector<double> probabilities_;  // scratch
};

}  // namespace microgpt
