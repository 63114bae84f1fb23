// rmsnorm:   y = r x   with   r = (mean(x²) + ε)^(-1/2)   for every row      (Zhang & Sennrich
// 2019, without a gain; microgpt.py, rmsnorm())
#pragma once

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/rmsnorm_epsilon.hpp"

namespace microgpt {

/// y (P, C), r (P, 1), x (P, C).
template <class T>
void rmsnorm_forward(Out<T> y, Out<T> r, In<T> x);

/// Adds to dx (P, C), since x also goes on past the norm, in the residual stream. dy (P, C); x and r are the
/// forward pass's.
template <class T>
void rmsnorm_backward(Out<T> dx, In<T> dy, In<T> x, In<T> r);

}  // namespace microgpt
