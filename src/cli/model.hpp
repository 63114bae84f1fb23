// What train and sample share: finding a model, writing texts with it.
#pragma once

#include <functional>
#include <iostream>
#include <span>
#include <string>

#include "microgpt/base/rng.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/text/dataset.hpp"

namespace microgpt::cli {

/// The checkpoint a path means: the file, or the newest valid one of a run folder. One that is
/// damaged is passed over with a warning on standard error.
Checkpoint load_model(const std::string& path);

/// What is wrong with the text of a --seed; nothing if it is a whole number of 64 bits. (Left
/// alone, the parser of the command line takes -1 and 2^64 for other numbers than they are.)
std::string check_seed(const std::string& text);

/// A text as it would stand in a training file: a paragraph is followed by a blank line. On a
/// terminal control characters are escaped.
std::string as_document(const std::string& text, DataMode mode);

/// Writes sample.count texts and hands each to show().
template <class T>
void sample_texts(const ModelConfig& model, const Parameters<T>& parameters, const Tokenizer& tokenizer,
                  const SampleConfig& sample, std::span<const Token> prompt, Rng& rng,
                  const std::function<void(const std::string&)>& show) {
  Generator<T> generator(model, parameters);
  const GenerateOptions options = {
      .temperature = sample.temperature,
      .max_length = sample.max_length > 0 ? sample.max_length : model.block_size};
  for (int i = 0; i < sample.count; ++i) show(tokenizer.decode(generator.generate(prompt, options, rng)));
}

}  // namespace microgpt::cli
