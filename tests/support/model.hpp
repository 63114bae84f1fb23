// Small models and batches for the tests, made of numbers that are the tests' own.
#pragma once

#include <string>
#include <vector>

#include "microgpt/model/batch.hpp"
#include "microgpt/model/parameters.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

/// Parameters in [-scale, scale): large enough that no part of the model is near to linear.
template <class T>
Parameters<T> random_parameters(const ModelConfig& config, Noise& noise, double scale = 0.5) {
  Parameters<T> parameters(config);
  for (T& w : parameters.values()) w = static_cast<T>(static_cast<float>(noise.number(scale)));
  return parameters;
}

/// A document of `positions` predictions: one token more than that.
inline std::vector<int> random_document(const ModelConfig& config, Noise& noise, int positions) {
  return noise.wholes(static_cast<std::size_t>(positions) + 1, 0, config.vocab_size - 1);
}

inline Batch batch_of(const std::vector<std::vector<int>>& documents) {
  Batch batch;
  for (const auto& tokens : documents) batch.add(tokens);
  return batch;
}

inline std::string describe(const ModelConfig& config) {
  return "L " + std::to_string(config.n_layer) + " C " + std::to_string(config.n_embd) + " H "
         + std::to_string(config.n_head) + " T " + std::to_string(config.block_size) + " V "
         + std::to_string(config.vocab_size) + (config.activation == Activation::relu ? " relu" : " relu2");
}

}  // namespace microgpt::test
