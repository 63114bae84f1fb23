// The matrix products of the readable operations and of study, compiled once for each scalar type: Eigen's
// general product is the most expensive of its templates to compile.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// c (M, N) = scale a b, with a (M, K) and b (K, N). c must not overlap a or b, here as below.
template <class T>
void multiply(Out<T> c, In<T> a, In<T> b, T scale = T(1));

/// c (M, N) = scale a bᵀ, with a (M, K) and b (N, K).
template <class T>
void multiply_abt(Out<T> c, In<T> a, In<T> b, T scale = T(1));

/// c (M, N) = scale aᵀ b, with a (K, M) and b (K, N).
template <class T>
void multiply_atb(Out<T> c, In<T> a, In<T> b, T scale = T(1));

/// c (M, N) += aᵀ b, with a (K, M) and b (K, N).
template <class T>
void add_atb(Out<T> c, In<T> a, In<T> b);

}  // namespace microgpt
