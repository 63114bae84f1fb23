// What happens to the loss if parts of the model are taken away, or taken from another run.
#pragma once

#include <functional>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// What a part's numbers become.
enum class Ablation { zero, mean };

/// The loss of a batch without a part.
struct AblationRow {
  Address at;
  double loss = 0;            ///< mean nll, nats per character
  double change = 0;          ///< from the whole model's
  double standard_error = 0;  ///< of the change, over documents; NaN of a single one
};

struct AblationSweep {
  double whole = 0;               ///< loss of the whole model
  std::vector<AblationRow> rows;  ///< largest change first
};

/// The parts one can take away: the position embeddings (embed.position), every layer's attn.out and mlp.out, every
/// head (attn.z) and, if asked for, every neuron (mlp.post).
std::vector<Address> ablatable(const ModelConfig& config, bool neurons = true);

/// Takes each part away from a run over the batch: its numbers become 0, or their mean over all positions of the
/// batch. The runs are shared out among `threads`, which changes no number. `progress`, if there is one, is told the
/// share of the runs that are done, on the thread of the caller.
AblationSweep ablation_sweep(const Model& model, const Batch& batch, const std::vector<Address>& parts,
                             Ablation how, int threads = 1, const std::function<void(double)>& progress = {});

/// A patch of one position at one site.
struct PatchRow {
  Address at;
  double metric = 0;
  double recovered = 0;  ///< (metric - corrupted) / (clean - corrupted)
};

struct PatchSweep {
  double clean = 0, corrupted = 0;  ///< the metric of the two runs
  std::vector<PatchRow> rows;       ///< part by part, and position by position
};

/// The sites one can patch, in the order of the pass: all but logits and probs, which are the answer itself.
std::vector<Address> patchable(const ModelConfig& config);

/// Activation patching (Meng et al. 2022; Wang et al. 2022): the corrupted text is run with one position's
/// values of one part taken from the clean run; how much of the metric comes back? A part that names no
/// position is tried at each. The metric, at the last position, is logit[target] - logit[contrast], or
/// -log p(target) if `contrast` is negative. Texts must have the same number of positions. Throws Error
/// (usage) if not, or if the metric is the same in both runs. Where both runs have the same numbers nothing is run:
/// nothing comes back. Threads and progress as in ablation_sweep.
PatchSweep patch_sweep(const Model& model, const Batch& clean, const Batch& corrupted,
                       const std::vector<Address>& parts, int target, int contrast = -1, int threads = 1,
                       const std::function<void(double)>& progress = {});

}  // namespace microgpt::study
