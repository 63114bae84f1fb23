// How well a model predicts texts, and how sure one can be of that.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "microgpt/model/parameters.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// Σ -log p over the characters of a text (its end counts as one), in nats.
struct Loss {
  double nats = 0;
  std::size_t characters = 0;

  Loss& operator+=(const Loss& other) {
    nats += other.nats;
    characters += other.characters;
    return *this;
  }
};

/// Windows that are read in one pass. Whoever hands over documents in portions gets the same numbers, to the
/// last bit, as for all at once if each portion but the last has a multiple of it.
inline constexpr std::size_t kWindowsTogether = 8;

/// The model's loss on each document: at least two tokens, of which the first is only read (BOS). One of more
/// predictions than block_size is read in windows, each beginning with the token the one before it predicted
/// last, as make_examples() splits it. Windows are shared out among `threads` threads; their number changes
/// nothing in the results.
template <class T>
std::vector<Loss> document_losses(const ModelConfig& config, const Parameters<T>& parameters,
                                  std::span<const std::vector<Token>> documents, int threads);

/// What many documents say together.
struct LossSummary {
  std::size_t documents = 0;
  std::size_t characters = 0;
  double token_mean = 0;     ///< nats a character, every character alike
  double document_mean = 0;  ///< nats a character, every document alike
  /// Of token_mean, r = Σ y / Σ n over m documents of y nats and n characters each: characters of one
  /// document hang together, so documents are what is drawn at random (the ratio estimate's standard error,
  /// clustered):   se² = m / (m - 1) · Σ (y - r n)² / (Σ n)².   None for a single document.
  std::optional<double> standard_error;
};

/// Of at least one document, each of at least one character.
LossSummary summarize(std::span<const Loss> documents);

}  // namespace microgpt
