// A model with a part of it switched off, or taken over from another model, as weights: whatever is asked of the new
// model, losses, views, samples, is then an answer without that part.
#pragma once

#include <vector>

#include "microgpt/model/parameters.hpp"
#include "microgpt/study/address.hpp"

namespace microgpt::study {

/// Rows and columns of one tensor.
struct Block {
  std::size_t tensor = 0;  ///< its place in the table of parameters
  Index row = 0, rows = 0, column = 0, columns = 0;
};

/// The weights by which a part writes: where they are 0, all that the part computes is for nothing, just as if it were 0
/// itself (study::zero). A part is
///   embed.token, embed.position    one position of the latter, or channels
///   layer0.attn.q, .k, .v, .z      all heads or one, or a channel
///   layer0.attn.out, .mlp.out      the heads of a layer, its neurons; or what they write into a channel
///   layer0.mlp.pre, .mlp.post      all neurons or one
///   logits                         all tokens or one
/// Throws Error (usage) for an address that weights do not have: weights act alike at every position, and patterns,
/// norms and sums have none. `what` is what errors call it.
Block written_by(const Address& part, const ModelConfig& config, std::string_view what = "address");

/// All weights that are the part's own: those it reads by, and those it writes by. Throws as written_by does.
std::vector<Block> weights_of(const Address& part, const ModelConfig& config,
                              std::string_view what = "address");

/// Sets the weights of a block to 0.
template <class T>
void set_zero(Parameters<T>& parameters, const Block& block) {
  parameters.tensor(block.tensor).block(block.row, block.column, block.rows, block.columns).setZero();
}

/// Copies the weights of a block from a model of the same shape.
template <class T>
void copy_block(Parameters<T>& to, const Parameters<T>& from, const Block& block) {
  to.tensor(block.tensor).block(block.row, block.column, block.rows, block.columns) =
      from.tensor(block.tensor).block(block.row, block.column, block.rows, block.columns);
}

}  // namespace microgpt::study
