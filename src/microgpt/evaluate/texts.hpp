// What is measured on whole texts: the losses of their documents, and what tables of n-grams reach on them. A text is
// read in portions, because its tokens take more memory than itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// The losses of documents, or of a stream's windows of block_size predictions, which then stand for documents: they
/// are what one takes to be drawn at random. `data` says whether it is a stream, and whether documents that are longer
/// than the context are cut. The number of threads changes no result.
template <class T>
std::vector<LossSum> text_losses(const ModelConfig& model, const DataConfig& data, const Tokenizer& tokenizer,
                                 const Parameters<T>& parameters, std::span<const std::string_view> texts,
                                 int threads);

/// A way to predict without a model, and the nats per character it costs.
struct Baseline {
  std::string name;  ///< "uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram"
  double nats = 0;
};

/// Nats per character of guessing: ln V, in a stream, where BOS never comes, ln (V - 1).
double uniform_nats(int vocab_size, DataMode mode);

/// What tables of n-grams reach on `judged` that were counted on `training` (evaluate/ngram.hpp), after the uniform
/// distribution. Documents are read as the model reads them.
std::vector<Baseline> ngram_baselines(const ModelConfig& model, const DataConfig& data,
                                      const Tokenizer& tokenizer, std::span<const std::string_view> training,
                                      std::span<const std::string_view> judged);

}  // namespace microgpt
