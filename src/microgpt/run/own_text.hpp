// What a run's text is to its model: one stream or documents, what precedes a text, the splits it was trained with.
#pragma once

#include <string>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/text/corpus.hpp"

namespace microgpt {

/// Whether the run's text is one stream without documents.
bool is_stream(const RunConfig& config);

/// The token that a text of the run is preceded by: BOS; in a stream a newline, or if it has none its first character.
Token opening(const RunConfig& config, const Tokenizer& tokenizer);

/// The text a model was trained on, with its splits.
struct OwnText {
  Dataset dataset;
  Sides split;
};

/// Read from `data`, or if that is empty from where the run had it or where it was moved to with the run
/// (find_own_text). Throws Error (data) if its SHA-256 is not the run's.
OwnText load_own_text(const Checkpoint& checkpoint, const std::string& data);

}  // namespace microgpt
