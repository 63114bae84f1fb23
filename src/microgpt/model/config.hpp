// The blueprint of a model: the numbers that fix its shape and its function.
#pragma once

#include "microgpt/nn/activation.hpp"

namespace microgpt {

struct ModelConfig {
  int n_layer = 1;      ///< L, transformer blocks
  int n_embd = 16;      ///< C, width of the residual stream
  int n_head = 4;       ///< H, attention heads; divides C
  int block_size = 16;  ///< T, longest context in tokens
  int vocab_size = 0;   ///< V, characters and BOS; comes from the text
  Activation activation = Activation::relu;

  [[nodiscard]] int head_size() const { return n_embd / n_head; }  ///< D
};

/// How the parameters begin: normal numbers of one standard deviation.
struct InitConfig {
  double std = 0.08;
  /// Begin attn_wo and mlp_fc2 at 0, so that every block starts as the identity (course revision).
  bool zero_projections = false;
};

}  // namespace microgpt
