// How surprised a model is by a given text, character by character.
#pragma once

#include <span>
#include <vector>

#include "microgpt/model/parameters.hpp"

namespace microgpt {

/// -log p of the token under softmax(logits), in nats: log Σ exp(logits) - logits[token], which stays finite
/// where p itself underflows. `masked` is a token left out of the sum, or -1.
template <class T>
double surprise(std::span<const T> logits, int token, int masked = -1);

/// The surprise of each token but the first by those before it, which the model reads as it reads its own
/// writing: where they outgrow the context, the window slides (generate/sliding_decoder.hpp).
template <class T>
std::vector<double> surprises(const ModelConfig& config, const Parameters<T>& parameters,
                              std::span<const int> tokens, int masked = -1);

}  // namespace microgpt
