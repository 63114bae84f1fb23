// Vectors of numbers as wide as the form's registers: the compiler's own types, with intrinsics only for what it has no
// words for. (A namespace without a name in a header: every form must have its own copy of all this.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#include "microgpt/nn/exp.hpp"
#include "microgpt/nn/fast/forms.hpp"

#ifndef MICROGPT_VECTOR_BYTES
#define MICROGPT_VECTOR_BYTES 16
#endif

namespace microgpt::fast {

namespace {

constexpr int kBytes = MICROGPT_VECTOR_BYTES;
#if MICROGPT_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

/// Numbers in a vector.
template <class T>
constexpr int kWidthOf = kBytes / static_cast<int>(sizeof(T));
constexpr int kWidth = kWidthOf<float>;

using Vec = float __attribute__((vector_size(kBytes)));
using DoubleVec = double __attribute__((vector_size(kBytes)));
using IntVec = std::int32_t __attribute__((vector_size(kBytes)));
using LongVec = std::int64_t __attribute__((vector_size(kBytes)));

template <class T>
struct Vectors {
  using Numbers = Vec;
  using Mask = IntVec;
  using Lane = std::int32_t;
};
template <>
struct Vectors<double> {
  using Numbers = DoubleVec;
  using Mask = LongVec;
  using Lane = std::int64_t;
};
template <class T>
using VecOf = typename Vectors<T>::Numbers;
template <class T>
using MaskOf = typename Vectors<T>::Mask;

/// 0, 1, 2, ...: for packs of lanes. (std::index_sequence would do, but for what comes with its header.)
template <int... I>
struct Lanes {};
template <int N, int... I>
struct LanesUpTo : LanesUpTo<N - 1, N - 1, I...> {};
template <int... I>
struct LanesUpTo<0, I...> {
  using type = Lanes<I...>;
};
template <int N>
using FirstLanes = typename LanesUpTo<N>::type;
using AllLanes = FirstLanes<kWidth>;

/// A number that is known when compiling, as an argument.
template <int N>
struct Constant {
  static constexpr int value = N;
};

template <class T>
inline VecOf<T> load(const T* from) {
  VecOf<T> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Vec v) {
  std::memcpy(to, &v, sizeof v);
}
inline void store(double* to, DoubleVec v) {
  std::memcpy(to, &v, sizeof v);
}

/// The same number in every lane. (Not Vec{} + x: adding 0 is an addition, for it turns -0 into 0.)
inline Vec every(float x) {
  return x - Vec{};
}
inline DoubleVec every(double x) {
  return x - DoubleVec{};
}

/// True in the first `count` lanes.
template <class T, int... I>
inline MaskOf<T> first_lanes(Size count, Lanes<I...> /*lanes*/) {
  using Lane = typename Vectors<T>::Lane;
  return MaskOf<T>{static_cast<Lane>(I)...} < static_cast<Lane>(count);
}
template <class T>
inline MaskOf<T> first_lanes(Size count) {
  return first_lanes<T>(count, FirstLanes<kWidthOf<T>>());
}

/// The first `count` lanes; the others are `beyond`. The memory of a whole vector is read, and by store_part rewritten
/// as it was: rows that are no whole number of vectors must lie in an Arena, whose last row has room behind it.
template <class T>
inline VecOf<T> load_part(const T* from, Size count, T beyond = 0) {
  return first_lanes<T>(count) ? load(from) : every(beyond);
}
inline void store_part(float* to, Vec v, Size count) {
  store(to, first_lanes<float>(count) ? v : load(to));
}
inline void store_part(double* to, DoubleVec v, Size count) {
  store(to, first_lanes<double>(count) ? v : load(to));
}

/// a b + c, rounded once where the processor can. It is the only fusing there is: which products and sums a compiler
/// would fuse on its own is not the same for any two of them, and so it may fuse none (-ffp-contract=off).
inline Vec multiply_add(Vec a, Vec b, Vec c) {
#if defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 64
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 32
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}
inline DoubleVec multiply_add(DoubleVec a, DoubleVec b, DoubleVec c) {
#if defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 64
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 32
  return _mm256_fmadd_pd(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f64(c, a, b);
#else
  return a * b + c;
#endif
}

inline Vec square_root(Vec v) {
#if defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 64
  return _mm512_maskz_sqrt_ps(0xffff, v);  // (g++ 12 warns of the plain one)
#elif defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 32
  return _mm256_sqrt_ps(v);
#elif defined(__x86_64__)
  return _mm_sqrt_ps(v);
#elif defined(__aarch64__)
  return vsqrtq_f32(v);
#elif defined(__wasm_simd128__)
  return reinterpret_cast<Vec>(wasm_f32x4_sqrt(reinterpret_cast<v128_t>(v)));
#else
  for (int i = 0; i < kWidth; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}
inline DoubleVec square_root(DoubleVec v) {
#if defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 64
  return _mm512_maskz_sqrt_pd(0xff, v);
#elif defined(__x86_64__) && MICROGPT_VECTOR_BYTES == 32
  return _mm256_sqrt_pd(v);
#elif defined(__x86_64__)
  return _mm_sqrt_pd(v);
#elif defined(__aarch64__)
  return vsqrtq_f64(v);
#elif defined(__wasm_simd128__)
  return reinterpret_cast<DoubleVec>(wasm_f64x2_sqrt(reinterpret_cast<v128_t>(v)));
#else
  for (int i = 0; i < kWidthOf<double>; ++i) v[i] = __builtin_sqrt(v[i]);
  return v;
#endif
}

inline Vec max(Vec a, Vec b) {
  return a > b ? a : b;
}

/// Lane i gets what lane i ^ Distance held.
template <int Distance, int... I>
inline Vec exchange(Vec v, Lanes<I...> /*lanes*/) {
  return __builtin_shufflevector(v, v, (I ^ Distance)...);
}

/// Every lane gets the sum of all, added in a fixed tree.
template <int Distance = 1>
inline Vec sum_lanes(Vec v) {
  if constexpr (Distance < kWidth) {
    v += exchange<Distance>(v, AllLanes());
    return sum_lanes<2 * Distance>(v);
  } else {
    return v;
  }
}

/// Largest lane.
template <int Distance = 1>
inline float largest(Vec v) {
  if constexpr (Distance < kWidth) {
    return largest<2 * Distance>(max(v, exchange<Distance>(v, AllLanes())));
  } else {
    return v[0];
  }
}

/// e^x of every lane, for x <= 0: nn/exp.hpp's formula. Below e^-64, which next to the 1 that every softmax has is
/// nothing, it is 0: products of such numbers would be too small for full precision, where most processors work fifty
/// times as slowly.
inline Vec exponential(Vec x) {
  constexpr auto kRounderBits = __builtin_bit_cast(std::int32_t, kRounder);
  const IntVec nothing = x < -64.0F;  // (a NaN is passed on)
  x = nothing ? every(-64.0F) : x;
  const Vec shifted = multiply_add(x, every(kLog2E), every(kRounder));
  const Vec n = shifted - kRounder;
  const Vec r = multiply_add(n, every(-kLn2Low), multiply_add(n, every(-kLn2High), x));
  Vec e = multiply_add(r, every(1.0F / 5040.0F), every(1.0F / 720.0F));
  e = multiply_add(e, r, every(1.0F / 120.0F));
  e = multiply_add(e, r, every(1.0F / 24.0F));
  e = multiply_add(e, r, every(1.0F / 6.0F));
  e = multiply_add(e, r, every(0.5F));
  e = multiply_add(e, r, every(1.0F));
  e = multiply_add(e, r, every(1.0F));
  const IntVec power = (reinterpret_cast<IntVec>(shifted) - (kRounderBits - 127)) << 23;
  return nothing ? Vec{} : e * reinterpret_cast<Vec>(power);
}

}  // namespace

}  // namespace microgpt::fast
