// residual:   y = x + f          (microgpt.py, the two additions of x_residual in gpt())
//
// Backward is a copy, written where it is needed: both x and f have the gradient of y.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// y, x, f (P, C).
template <class T>
void residual_forward(Out<T> y, In<T> x, In<T> f) {
  y = x + f;
}

}  // namespace microgpt
