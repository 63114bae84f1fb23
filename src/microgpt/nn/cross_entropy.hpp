// cross entropy of the next character:   nll[p] = -log softmax(logits[p])[target[p]]
//                                               = log Σ exp(logits[p]) - logits[p][target[p]]
// The second form stays finite where a probability underflows to 0.
#pragma once

#include <span>

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// Fills probs (P, V) and nll (P, 1) from logits (P, V) and P targets.
template <class T>
void cross_entropy_forward(Out<T> probs, Out<T> nll, In<T> logits, std::span<const int> target);

/// dlogits (P, V), of loss = Σ weight[p] nll[p].
template <class T>
void cross_entropy_backward(Out<T> dlogits, In<T> probs, std::span<const int> target,
                            std::span<const T> weight);

}  // namespace microgpt
