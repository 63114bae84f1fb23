// What happens to the loss if parts of the model are taken away, or taken from another run.
#pragma once

#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// What a part's numbers become.
enum class Ablation { zero, mean };

/// The loss of a batch without a part.
struct AblationRow {
  Address at;
  double loss = 0;            ///< mean nll, nats a character
  double change = 0;          ///< from the whole model's
  double standard_error = 0;  ///< of the change, over documents
};

/// The parts one can take away: every head (attn.z), every neuron (mlp.post), every layer's attn.out and
/// mlp.out.
std::vector<Address> ablatable(const ModelConfig& config);

/// Takes each part away from a run over the batch: its numbers become 0, or their mean over all positions of
/// the batch. Largest change first.
std::vector<AblationRow> ablate(const Model& model, const Batch& batch, const std::vector<Address>& parts,
                                Ablation how);

/// Loss without position embeddings: wpe zero, or the same mean row everywhere.
AblationRow ablate_positions(const Model& model, const Batch& batch, Ablation how);

/// A patch of one position at one site.
struct PatchRow {
  Address at;
  double metric = 0;
  double recovered = 0;  ///< (metric - corrupted) / (clean - corrupted)
};

struct PatchSweep {
  double clean = 0, corrupted = 0;  ///< the metric of the two runs
  std::vector<PatchRow> rows;       ///< in the order of the pass, and of positions
};

/// Activation patching (Meng et al. 2022; Wang et al. 2022): the corrupted text is run with one position's
/// values at one site taken from the clean run; how much of the metric comes back? The metric is
/// logit[target] - logit[contrast] at the last position. Texts must have the same number of positions. Throws
/// Error (usage) if not, or if the metric is the same in both runs.
PatchSweep patch_sweep(const Model& model, const Batch& clean, const Batch& corrupted, int target,
                       int contrast);

}  // namespace microgpt::study
