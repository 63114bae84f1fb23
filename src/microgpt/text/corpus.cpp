#include "microgpt/text/corpus.hpp"

#include <span>
#include <utility>

#include "microgpt/base/error.hpp"

namespace microgpt {

Corpus Corpus::load(const DataConfig& config, std::size_t block_size, Rng& rng) {
  Dataset dataset = Dataset::load(config.path, config.documents, ByteOrderMark::drop);
  rng.shuffle(std::span(dataset.documents()));
  Tokenizer tokenizer(dataset.documents());
  const Split split = split_by_hash(dataset.documents(), config.held_out, config.test);
  auto training = make_examples(split.training, block_size, config.long_documents);
  auto held_out = make_examples(split.held_out, block_size, config.long_documents);
  if (training.empty()) {
    throw Error(Fault::data, "nothing to train on: " + config.path
                                 + ": every document is held out: lower data.held_out or data.test");
  }
  if (config.held_out > 0 && held_out.empty()) {
    throw Error(Fault::data, "nothing to judge by: " + config.path
                                 + ": of so few documents none is held out: set data.held_out to 0");
  }
  // The parts of a long document would otherwise follow one another in the same batch.
  if (config.long_documents == LongDocuments::split) rng.shuffle(std::span(training));
  return {std::move(dataset), std::move(tokenizer), std::move(training), std::move(held_out)};
}

}  // namespace microgpt
