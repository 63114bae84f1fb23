// Walking along a row, vector by vector. Sums over a row are made in one pattern, whatever the width of a vector: sixteen
// partial sums, of which number i adds up elements i, i + 16, ...; and then their tree.
#pragma once

#include "microgpt/nn/fast/form/vec.hpp"

namespace microgpt::fast {

namespace {

/// Loads and stores a vector of a row at `at`: all of it, or its first `part` lanes.
struct Whole {
  Size at;
  Vec operator()(const float* row, float /*beyond*/ = 0) const { return load(row + at); }
  void operator()(float* row, Vec v) const { store(row + at, v); }
};
struct Part {
  Size at, part;
  Vec operator()(const float* row, float beyond = 0) const { return load_part(row + at, part, beyond); }
  void operator()(float* row, Vec v) const { store_part(row + at, v, part); }
};

/// visit(vector) for each vector of a row of `size` numbers: vector(row) loads it, 0 (or what else is said) beyond the
/// end, and vector(row, v) stores it.
template <class Visit>
inline void each_vector(Size size, const Visit& visit) {
  Size at = 0;
  for (; at + kWidth <= size; at += kWidth) visit(Whole{at});
  if (at < size) visit(Part{at, size - at});
}

constexpr int kPartialSums = 16;
constexpr int kSumVectors = kPartialSums / kWidth;

/// The tree of partial sums: neighbours first.
inline float tree_sum(const Vec (&total)[kSumVectors]) {
  Vec sums[kSumVectors];
  for (int i = 0; i < kSumVectors; ++i) sums[i] = sum_lanes(total[i]);
  for (int gap = 1; gap < kSumVectors; gap *= 2) {
    for (int i = 0; i + gap < kSumVectors; i += 2 * gap) sums[i] += sums[i + gap];
  }
  return sums[0][0];
}

/// The sum over a row of what add(partial sums, vector) adds to them, vector by vector.
template <class Add>
inline float fold(Size size, const Add& add) {
  Vec total[kSumVectors] = {};
  Size at = 0;
  for (; at + kPartialSums <= size; at += kPartialSums) {
    for (int i = 0; i < kSumVectors; ++i) total[i] = add(total[i], Whole{at + i * kWidth});
  }
  for (int i = 0; i < kSumVectors; ++i, at += kWidth) {
    if (at + kWidth <= size) {
      total[i] = add(total[i], Whole{at});
    } else if (at < size) {
      total[i] = add(total[i], Part{at, size - at});
    }
  }
  return tree_sum(total);
}

/// Σ a[i] b[i].
inline float dot(const float* a, const float* b, Size size) {
  return fold(size, [&](Vec total, auto vector) { return multiply_add(vector(a), vector(b), total); });
}

}  // namespace

}  // namespace microgpt::fast
