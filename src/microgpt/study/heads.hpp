// What heads look at over many texts, in figures. circuit.hpp has those of a first layer as finite tables.
#pragma once

#include <functional>
#include <vector>

#include "microgpt/study/sweeps.hpp"
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

/// Where a head looks, and what it is worth: the loss if its z is replaced by its mean over the batch.
struct HeadReport {
  HeadScores scores;
  AblationRow without;
};

/// Of every head, largest change of the loss first. Threads and progress as for ablation_sweep.
std::vector<HeadReport> head_report(const Model& model, const Batch& batch, int threads = 1,
                                    const std::function<void(double)>& progress = {});

/// What each head of a layer adds to the stream at a position of the first document, through its own columns of attn_wo:
/// (H, C), whose rows add up to attn.out.
Matrix<double> head_writes(const Model& model, const Trace& trace, int layer, int position);

/// A head at one position of a trace's first document.
struct HeadAt {
  int layer = 0;
  int head = 0;
  std::vector<double> pattern{};  ///< (position + 1) what it gives to each source
  double writes = 0;              ///< |attn_wo[:, head] z|, the length of what it adds to the residual stream
};

/// Every head, largest `writes` first: what adds little hardly matters, wherever it looks.
std::vector<HeadAt> heads_at(const Model& model, const Trace& trace, int position);

}  // namespace microgpt::study
