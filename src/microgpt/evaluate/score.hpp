// How surprised a model is by a given text, character by character.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/model/parameters.hpp"

namespace microgpt {

/// -log p of the token under softmax(logits), in nats: log Σ exp(logits) - logits[token], which stays finite
/// where p itself underflows. `masked` is a token left out of the sum, or -1.
template <class T>
double surprise(std::span<const T> logits, int token, int masked = -1);

/// p of the token, which underflows to 0; nothing if there are no logits, because nothing stood before it.
template <class T>
std::optional<double> probability(std::span<const T> logits, int token, int masked = -1) {
  if (logits.empty()) return std::nullopt;
  return std::exp(-surprise<T>(logits, token, masked));
}

/// The surprise of each token but the first by those before it, which the model reads as it reads its own
/// writing: where they outgrow the context, the window slides (generate/sliding_decoder.hpp).
template <class T>
std::vector<double> surprises(const ModelConfig& config, const Parameters<T>& parameters,
                              std::span<const int> tokens, int masked = -1);

/// A text with the surprise of each of its characters, and of its end, in nats.
struct ScoredText {
  std::string text{};
  std::vector<std::string> characters{};
  std::vector<double> nats{};  ///< one for each character and, if the text has one, for its end
  bool ends = true;            ///< a piece of a stream has no end

  [[nodiscard]] double total() const;
  /// Nats per prediction: the end counts as a character.
  [[nodiscard]] double mean() const { return total() / static_cast<double>(nats.size()); }
};

}  // namespace microgpt
