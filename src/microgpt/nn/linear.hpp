// linear:   y = x Wᵀ            (microgpt.py, linear())
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// y (P, O), x (P, I), w (O, I).
template <class T>
void linear_forward(Out<T> y, In<T> x, In<T> w);

/// dx (P, I), dw (O, I), dy (P, O).
template <class T>
void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w);

}  // namespace microgpt
