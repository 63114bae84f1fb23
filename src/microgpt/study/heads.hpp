// What heads look at: over many texts in figures, and as the finite tables of a first layer.
#pragma once

#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// Where a head's attention goes, each the mean over the positions where the question makes sense. (A score
/// tells what a head looks at, not what it does: for that, ablate it.)
struct HeadScores {
  int layer = 0;
  int head = 0;
  double previous = 0;   ///< on the position before
  double first = 0;      ///< on position 0, where BOS stands; positions after it
  double self = 0;       ///< on the position itself; positions after the first
  double duplicate = 0;  ///< on earlier places of the same token
  /// on the tokens that followed earlier places of the same token (Olsson et al. 2022), itself left out
  double induction = 0;
  double entropy = 0;                   ///< of the pattern, in nats; positions after the first
  std::size_t duplicate_positions = 0;  ///< how many there were to take the last two means over
};
std::vector<HeadScores> head_scores(const Trace& trace);

/// The attention scores a first layer would give, (tokens asking, tokens asked): each token at position
/// `query` looks at each at position `key` <= query. There q and k depend on token and position alone, so
/// this is all a head can do. Throws Error (usage) if there is no layer, head or position like that.
Matrix<double> qk_table(const Model& model, int head, int query, int key);

/// What attending to a token at a position adds to each logit, if it is attended to wholly: (tokens attended
/// to, logits), lm_head · wo_h · v. First layer.
Matrix<double> ov_table(const Model& model, int head, int position);

}  // namespace microgpt::study
