// The nonlinearity of the MLP:   relu   y = max(x, 0)        microgpt.py, latest revision
//                                relu2  y = max(x, 0)²       its course revision (So et al. 2021)
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt {

enum class Activation { relu, relu2 };

/// y and x have the same shape.
template <class T>
void activation_forward(Out<T> y, In<T> x, Activation kind);

template <class T>
void activation_backward(Out<T> dx, In<T> dy, In<T> x, Activation kind);

}  // namespace microgpt
