// What is done to long lists of numbers: sums of gradients, Adam, looking for what is not finite, dropout.
#pragma once

#include "microgpt/nn/dropout_hash.hpp"
#include "microgpt/nn/fast/form/vec.hpp"

namespace microgpt::fast {

namespace {

/// visit(begin, vector of each list) for `size` numbers, of which the last come through a vector of their own: unlike
/// rows of a matrix, slices of a list end where another thread's begin. What the visitor leaves in the vectors of the
/// first Out lists is written back.
template <std::size_t Out, class T, std::size_t Lists, class Visit>
inline void each_slice(T* const (&lists)[Lists], Size size, const Visit& visit) {
  constexpr int W = kWidthOf<T>;
  VecOf<T> v[Lists];
  Size at = 0;
  for (; at + W <= size; at += W) {
    for (std::size_t l = 0; l < Lists; ++l) v[l] = load<T>(lists[l] + at);
    visit(v);
    for (std::size_t l = 0; l < Out; ++l) store(lists[l] + at, v[l]);
  }
  if (at == size) return;
  const auto bytes = static_cast<std::size_t>(size - at) * sizeof(T);
  for (std::size_t l = 0; l < Lists; ++l) {
    v[l] = VecOf<T>{};
    std::memcpy(&v[l], lists[l] + at, bytes);
  }
  visit(v);
  for (std::size_t l = 0; l < Out; ++l) std::memcpy(lists[l] + at, &v[l], bytes);
}

template <class T>
void add(T* to, const T* from, Size size) {
  T* const lists[] = {to, const_cast<T*>(from)};
  each_slice<1, T>(lists, size, [](VecOf<T>(&v)[2]) { v[0] += v[1]; });
}

template <class T>
bool all_finite(const T* x, Size size) {
  T* const lists[] = {const_cast<T*>(x)};
  VecOf<T> total = {};
  each_slice<0, T>(lists, size, [&](VecOf<T>(&v)[1]) { total += v[0] - v[0]; });  // each 0, or else NaN
  bool finite = true;
  for (int i = 0; i < kWidthOf<T>; ++i) finite = finite && total[i] == 0;
  return finite;
}

/// Numbers next to nothing become 0 (train/adam.cpp says why).
template <class T>
inline VecOf<T> flush(VecOf<T> v, T border) {
  constexpr auto kSign = static_cast<typename Vectors<T>::Lane>(std::uint64_t{1} << (8 * sizeof(T) - 1));
  const auto size = reinterpret_cast<VecOf<T>>(reinterpret_cast<MaskOf<T>>(v) & ~kSign);
  return size < border ? VecOf<T>{} : v;
}

template <class T>
void adam(T* w, T* m, T* v, const T* g, Size size, const AdamStep<T>& given) {
  const AdamStep<T> step = given;  // which no store to a list can change
  using V = VecOf<T>;
  T* const lists[] = {w, m, v, const_cast<T*>(g)};
  each_slice<3, T>(lists, size, [&](V(&x)[4]) {
    auto& [wi, mi, vi, gi] = x;
    gi = flush<T>(step.scale * gi, step.tiny_gradient);
    mi = flush<T>(multiply_add(every(step.beta1), mi, (1 - step.beta1) * gi), step.tiny_moment);
    vi = flush<T>(multiply_add(every(step.beta2), vi, (1 - step.beta2) * gi * gi), step.tiny_moment);
    const V change = step.rate * mi / (square_root(step.correction * vi) + step.epsilon);
    wi = multiply_add(every(step.keep), wi, -change);
  });
}

/// (A plain loop: compilers make vectors of it.)
template <class T>
void dropout(T* x, Size size, std::uint32_t row_key, std::uint32_t threshold, T scale) {
  for (Size i = 0; i < size; ++i) {
    std::uint32_t hash = row_key + static_cast<std::uint32_t>(i) * kDropoutStep;
    hash = (hash ^ (hash >> 16)) * kDropoutFirst;
    hash = (hash ^ (hash >> 13)) * kDropoutSecond;
    hash = hash ^ (hash >> 16);
    x[i] = hash < threshold ? T(0) : scale * x[i];
  }
}

}  // namespace

}  // namespace microgpt::fast
