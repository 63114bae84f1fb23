// A text file made ready to train on: read, shuffled, split, cut into examples, with its
// vocabulary.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/text/dataset.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// Which text, and how it is taken apart.
struct DataConfig {
  std::string path;
  DocumentKind documents = DocumentKind::lines;
  LongDocuments long_documents = LongDocuments::cut;
  double held_out = 0;  ///< fraction of the distinct documents kept from training, to judge it by
  double test = 0;      ///< a further fraction that training never looks at
};

struct Corpus {
  Dataset dataset;
  Tokenizer tokenizer;
  std::vector<Example> training;
  std::vector<Example> held_out;

  /// Reads config.path and shuffles its documents with `rng`, whose first use this must be if the
  /// order is to be microgpt.py's. Throws Error (data) as Dataset::load does, and if a side of the
  /// split would be empty.
  static Corpus load(const DataConfig& config, std::size_t block_size, Rng& rng);
};

}  // namespace microgpt
