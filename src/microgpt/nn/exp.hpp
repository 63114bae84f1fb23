// e^x that the compiler can turn into vector code: no branches, no table, no library call.
//
//   x = n ln 2 + r,  |r| <= ln 2 / 2,   e^x = 2^n e^r
//
// e^r by its Taylor series to r⁷ (relative error of the rest below 5e-9, less than half a unit in
// the last place of a float). Every element gives the same bits wherever it stands in a row.
#pragma once

#include <cmath>
#include <cstdint>

#include "microgpt/base/bit_cast.hpp"

namespace microgpt {

/// What the formula takes besides the series; nn/fast/form/vec.hpp has it for whole vectors.
inline constexpr float kLog2E = 1.44269504F;
inline constexpr float kLn2High = 0.693359375F;    // few bits, so that n * kLn2High is exact
inline constexpr float kLn2Low = -2.12194440e-4F;  // ln 2 - kLn2High
inline constexpr float kRounder = 12582912.0F;     // 1.5 · 2^23: adding it rounds to an integer

/// Relative error below 2e-7 (a float has 6e-8); 0 below -104, infinity above 89, NaN of NaN.
inline float exponential(float x) {
  x = x < -104.0F ? -104.0F : x;  // (a NaN passes both comparisons)
  x = x > 89.0F ? 89.0F : x;
  const float shifted = x * kLog2E + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * kLn2High) - n * kLn2Low;

  float e = 1.0F / 5040.0F;
  e = e * r + 1.0F / 720.0F;
  e = e * r + 1.0F / 120.0F;
  e = e * r + 1.0F / 24.0F;
  e = e * r + 1.0F / 6.0F;
  e = e * r + 0.5F;
  e = e * r + 1.0F;
  e = e * r + 1.0F;

  // 2^n in two factors, so that results down to the smallest subnormal and up to infinity come out
  // right.
  const std::int32_t exponent = bit_cast<std::int32_t>(shifted) - bit_cast<std::int32_t>(kRounder);
  const std::int32_t half = exponent >> 1;
  const float first = bit_cast<float>((half + 127) << 23);
  const float second = bit_cast<float>((exponent - half + 127) << 23);
  return e * first * second;
}

/// In double the library's own: there exactness comes before speed.
inline double exponential(double x) {
  return std::exp(x);
}

}  // namespace microgpt
