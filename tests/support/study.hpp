// Small random models to study.
#pragma once

#include <cmath>

#include "microgpt/study/trace.hpp"
#include "support/model.hpp"

namespace microgpt::test {

inline study::Model random_model(Noise& noise, int layers, Activation activation, int C = 12, int H = 3) {
  const ModelConfig config = {.n_layer = layers,
                              .n_embd = C,
                              .n_head = H,
                              .block_size = 6,
                              .vocab_size = 5,
                              .activation = activation};
  return {config, random_parameters<double>(config, noise), Tokenizer({U'a', U'b', U'c', U'd'})};
}

/// The cosine of the angle between two rows of x (n, C); 0 if one of them is 0.
inline double plain_cosine(In<double> x, Index i, Index j) {
  double product = 0, square_i = 0, square_j = 0;
  for (Index c = 0; c < x.cols(); ++c) {
    product += x(i, c) * x(j, c);
    square_i += x(i, c) * x(i, c);
    square_j += x(j, c) * x(j, c);
  }
  return square_i == 0 || square_j == 0 ? 0 : product / (std::sqrt(square_i) * std::sqrt(square_j));
}

}  // namespace microgpt::test
