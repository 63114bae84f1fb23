// A text file made ready to train on: read, split, cut into examples, shuffled, with its vocabulary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/text/dataset.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// Which text, and how it is taken apart.
struct DataConfig {
  std::string path{};
  DataMode mode = DataMode::lines;
  LongDocuments long_documents = LongDocuments::cut;
  double held_out = 0;  ///< fraction kept from training: of the distinct documents, or of the stream's end
  double test = 0;      ///< a further fraction that training never looks at
};

/// Documents that differ are counted up to this many: the hashes of more would take much memory.
inline constexpr std::size_t kMostDistinct = 1'000'000;

/// What there is in a text, in figures. A stream has no documents: all but `characters` is 0 of it.
struct TextSummary {
  std::size_t documents = 0;
  std::uint64_t distinct = 0;     ///< documents that differ; counted up to kMostDistinct
  bool distinct_is_exact = true;  ///< if false there are more than `distinct`
  std::size_t characters = 0;     ///< of all documents, or of the stream
  std::size_t longest = 0;        ///< characters of the longest document
  std::size_t too_long = 0;       ///< documents that have more predictions than block_size
  std::size_t held_out = 0;       ///< documents, or characters of the stream
  std::size_t test = 0;           ///< ... that training never looks at
};

/// The examples to train on and those kept from training to judge it by, in file order.
struct Split {
  Examples training;
  Examples held_out;
  TextSummary summary;
};

/// Sorts the documents, and cuts them. About `config.held_out` of the distinct ones are held out, chosen
/// by a hash of their text: so equal ones never stand on both sides, and neither order, seed nor the other
/// documents change the choice. `config.test` sets others apart in the same way, and neither fraction moves
/// the other. Of a stream it is the end that is held out, before a last part for the test, and training takes
/// random windows by `key` of the rest. The examples are views into the dataset's text.
Split split_dataset(const Dataset& dataset, const DataConfig& config, std::size_t block_size,
                    std::uint64_t key = 0);

/// The texts of each side whole, in file order: documents, or of a stream the one part.
struct Sides {
  std::vector<std::string_view> training;
  std::vector<std::string_view> held_out;
  std::vector<std::string_view> test;
};

/// The same split. Takes several times the memory of short documents.
Sides split_texts(const Dataset& dataset, const DataConfig& config);

struct Corpus {
  Dataset dataset;
  Tokenizer tokenizer;
  Examples training;
  Examples held_out;
  TextSummary summary;

  /// Reads config.path, and shuffles its examples with `rng`, whose first use this must be if the
  /// order is to be microgpt.py's. Throws Error (data) as Dataset::load does, if a side of the split
  /// would be empty, and if a stream is shorter than a window.
  static Corpus load(const DataConfig& config, std::size_t block_size, Rng& rng);

  /// The same for a dataset that is there already.
  static Corpus make(Dataset dataset, const DataConfig& config, std::size_t block_size, Rng& rng);

  /// How many of the texts are new beside the whole text, as KnownTexts::is_new says. Those of `max_chars` characters
  /// were cut before their end; 0: none was.
  [[nodiscard]] std::size_t count_new(std::span<const std::string> texts, int max_chars = 0) const;
};

}  // namespace microgpt
