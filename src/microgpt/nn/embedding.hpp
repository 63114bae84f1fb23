// embedding:   x[p] = wte[token[p]] + wpe[position[p]]          (microgpt.py, first lines of gpt())
#pragma once

#include <span>

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// x (P, C), wte (V, C), wpe (T, C); `token` and `position` hold P indices each.
template <class T>
void embedding_forward(Out<T> x, std::span<const int> token, std::span<const int> position, In<T> wte,
                       In<T> wpe);

template <class T>
void embedding_backward(Out<T> dwte, Out<T> dwpe, In<T> dx, std::span<const int> token,
                        std::span<const int> position);

}  // namespace microgpt
