// Walking along a row, vector by vector.
#pragma once

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/fast/vec.hpp"

namespace microgpt::fast {

/// Where an element of a matrix lies.
inline const float* at(In<float> m, Index row, Index col) {
  return m.data() + row * m.outerStride() + col;
}
inline float* at(Out<float>& m, Index row, Index col) {
  return m.data() + row * m.outerStride() + col;
}

/// visit(get, put) for each vector of a row of `size` numbers: get(row) loads it, 0 beyond the end, and
/// put(row, v) stores it.
template <class Visit>
inline void each_vector(Index size, Visit&& visit) {
  Index at = 0;
  for (; at + kWidth <= size; at += kWidth) {
    visit([at](const float* row) { return load(row + at); }, [at](float* row, Vec v) { store(row + at, v); });
  }
  if (at < size) {
    const Index part = size - at;
    visit([at, part](const float* row) { return load_part(row + at, part); },
          [at, part](float* row, Vec v) { store_part(row + at, v, part); });
  }
}

/// Σ a[i] b[i].
inline float dot(const float* a, const float* b, Index size) {
  Vec total = {};
  each_vector(size, [&](auto get, auto /*put*/) { total += get(a) * get(b); });
  return sum(total);
}

}  // namespace microgpt::fast
