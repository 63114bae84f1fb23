// softmax:   y_i = exp(x_i - m) / Σ_j exp(x_j - m)   with   m = max(x)
//
// Written once, it serves three places as in microgpt.py (lines 97-101): the attention weights, the
// probabilities of the next character, and sampling. Subtracting the maximum changes nothing in the
// quotient, and keeps exp from overflowing.
#pragma once

#include <span>

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// Returns log Σ_j exp(x_j), which cross entropy needs. y and x have one or more elements. y lies in an Arena where every
/// digit matters: the order in which its sum is taken depends on where it begins. x may
/// be the same memory.
template <class T>
T softmax_forward(std::span<T> y, std::span<const T> x);

/// dx = y ∘ (dy - Σ y ∘ dy). The maximum is a constant: no gradient flows through it.
template <class T>
void softmax_backward(std::span<T> dx, std::span<const T> dy, std::span<const T> y);

}  // namespace microgpt
