// Vectors of floats as the compiler knows them: as wide as the processor it compiles for, no intrinsics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace microgpt::fast {

#if defined(__AVX512F__)
inline constexpr int kWidth = 16;
inline constexpr int kRegisters = 32;
#elif defined(__AVX__)
inline constexpr int kWidth = 8;
inline constexpr int kRegisters = 16;
#else
inline constexpr int kWidth = 4;
inline constexpr int kRegisters = 16;
#endif

using Vec = float __attribute__((vector_size(4 * kWidth)));
using IntVec = std::int32_t __attribute__((vector_size(4 * kWidth)));

inline Vec load(const float* from) {
  Vec v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Vec v) {
  std::memcpy(to, &v, sizeof v);
}

/// True in the first `count` lanes.
template <std::size_t... I>
inline IntVec first_lanes(std::ptrdiff_t count, std::index_sequence<I...> /*lanes*/) {
  return IntVec{static_cast<std::int32_t>(I)...} < static_cast<std::int32_t>(count);
}

/// The first `count` lanes; the others are `beyond`. The memory of a whole vector is read, and by store_part
/// rewritten as it was: rows that are no whole number of vectors must lie in an Arena, whose last row has
/// room behind it.
inline Vec load_part(const float* from, std::ptrdiff_t count, float beyond = 0) {
  return first_lanes(count, std::make_index_sequence<kWidth>()) ? load(from) : Vec{} + beyond;
}
inline void store_part(float* to, Vec v, std::ptrdiff_t count) {
  store(to, first_lanes(count, std::make_index_sequence<kWidth>()) ? v : load(to));
}

/// Lane i gets what lane i ^ Distance held.
template <int Distance, std::size_t... I>
inline Vec exchange(Vec v, std::index_sequence<I...> /*lanes*/) {
  return __builtin_shufflevector(v, v, (static_cast<int>(I) ^ Distance)...);
}

/// Every lane gets the sum of its group of Group neighbouring lanes, added in a fixed tree.
template <int Group, int Distance = 1>
inline Vec sum_groups(Vec v) {
  if constexpr (Distance < Group) {
    v += exchange<Distance>(v, std::make_index_sequence<kWidth>());
    return sum_groups<Group, 2 * Distance>(v);
  } else {
    return v;
  }
}
inline float sum(Vec v) {
  return sum_groups<kWidth>(v)[0];
}

inline Vec max(Vec a, Vec b) {
  return a > b ? a : b;
}

/// Largest lane.
template <int Distance = 1>
inline float largest(Vec v) {
  if constexpr (Distance < kWidth) {
    return largest<2 * Distance>(max(v, exchange<Distance>(v, std::make_index_sequence<kWidth>())));
  } else {
    return v[0];
  }
}

/// e^x of every lane, for x <= 0: nn/exp.hpp's formula, where the constants have their reasons. Below e^-64,
/// which next to the 1 that every softmax has is nothing, it is 0: products of such numbers would be too
/// small for full precision, where most processors work fifty times as slowly.
inline Vec exponential(Vec x) {
  const IntVec nothing = x < -64.0F;  // (a NaN is passed on)
  x = nothing ? Vec{} - 64.0F : x;
  const Vec shifted = x * 1.44269504F + 12582912.0F;
  const Vec n = shifted - 12582912.0F;
  const Vec r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Vec e = r * (1.0F / 5040.0F) + (1.0F / 720.0F);
  e = e * r + (1.0F / 120.0F);
  e = e * r + (1.0F / 24.0F);
  e = e * r + (1.0F / 6.0F);
  e = e * r + 0.5F;
  e = e * r + 1.0F;
  e = e * r + 1.0F;
  const IntVec power = (reinterpret_cast<IntVec>(shifted) - (0x4b400000 - 127)) << 23;
  return nothing ? Vec{} : e * reinterpret_cast<Vec>(power);
}

}  // namespace microgpt::fast
