// When a number becomes NaN or infinite: noticing it costs next to nothing; finding where it began is slow,
// and done only then.
//
// Where it could hide from the loss: a weight may take no part in a step; a neuron whose input is -inf, or a
// score of -inf, is 0 after relu or softmax (NaN stays NaN: nn/fast); and an infinite v of Adam merely stops
// its weight. So the trainer looks at the loss; at the gradient (a weight that is not finite multiplies what
// comes back, and 0 times it is NaN); and after the update at w and v (an m that is not finite shows in w).
// Only a -inf that finite weights add up to, and that relu or softmax takes for the 0 it stands for, passes.
#pragma once

#include <span>
#include <string>

#include "microgpt/model/batch.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/nn/fast/forms.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/train/train_state.hpp"

namespace microgpt {

/// True if none of them is NaN or infinite.
template <class T>
bool all_finite(std::span<const T> values) {
  return fast::arithmetic<T>().all_finite(values.data(), static_cast<Index>(values.size()));
}

/// The first tensor of a forward pass over the batch that holds a number that is not finite, with that
/// number, as in "the activation layer0.attn.scores holds inf": weights as they are used, activations by
/// their canonical names (model/sites.hpp). Empty if there is none.
template <class T>
std::string find_nonfinite_in_forward_pass(const ModelConfig& config, const Parameters<T>& parameters,
                                           const Batch& batch);

/// The same for the gradient, in the order of the backward pass.
template <class T>
std::string find_nonfinite_gradient(const Parameters<T>& parameters, std::span<const T> gradient);

/// The same for what an update wrote: of each tensor, in the order of the table, m, v and the weight.
template <class T>
std::string find_nonfinite_update(const TrainConfig& config, const TrainState<T>& state);

/// The texts of a batch for a message: the first three, each in quotes, shortened and safe to print, and how
/// many there are besides.
std::string name_documents(std::span<const Example> examples);

}  // namespace microgpt
