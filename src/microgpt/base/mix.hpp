// A hash of one number: for what is drawn by its place instead of in turn.
#pragma once

#include <cstdint>

namespace microgpt {

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of x changes half of the bits.
inline std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// The step of SplitMix64's counter.
inline constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15U;

}  // namespace microgpt
