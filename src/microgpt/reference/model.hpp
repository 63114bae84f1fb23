// The model of microgpt.py on scalar Values: linear, softmax, rmsnorm, gpt, in the source's order
// and under its names. It knows nothing of the fast model; it is what that one is proved against.
#pragma once

#include <string>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/reference/value.hpp"

namespace microgpt::reference {

using Row = std::vector<Value>;
using Rows = std::vector<Row>;  // a matrix, [out][in]

/// The numbers that differ between the two published revisions, and those a caller may choose.
struct Config {
  int n_layer = 1;
  int n_embd = 16;
  int n_head = 4;
  int block_size = 16;
  double std = 0.08;
  double projection_std = 0.08;  ///< of attn_wo and mlp_fc2
  bool squared_relu = false;
};

/// The state_dict: every parameter, in the source's order.
struct State {
  struct Layer {
    Rows attn_wq, attn_wk, attn_wv, attn_wo, mlp_fc1, mlp_fc2;
  };
  Rows wte, wpe, lm_head;
  std::vector<Layer> layers;

  /// Draws all parameters onto the tape.
  State(const Config& config, int vocab_size, Tape& tape, Rng& rng);

  /// All parameters, flat: matrix after matrix, row after row.
  std::vector<Value> parameters;
};

/// Keys and values of the positions seen so far, [layer][position]: the source's two lists.
struct Cache {
  explicit Cache(int n_layer) : keys(static_cast<std::size_t>(n_layer)), values(keys.size()) {}
  std::vector<Rows> keys, values;
};

Row linear(const Row& x, const Rows& w);
Row softmax(const Row& logits);
Row rmsnorm(const Row& x);

/// The logits of the character that follows `token` at position `position`.
Row gpt(const Config& config, const State& state, int token, int position, Cache& cache);

/// Mean over the first block_size positions of -log p(next token). tokens: BOS, characters, BOS.
Value document_loss(const Config& config, const State& state, const std::vector<int>& tokens);

}  // namespace microgpt::reference
