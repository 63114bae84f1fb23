// Small random models to study.
#pragma once

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

}  // namespace microgpt::test
