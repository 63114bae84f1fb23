// How this machine's C library rounds.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "support/numbers.hpp"

namespace microgpt::test {

/// Whether exp, log, pow, sin and cos give the same bits as for the Python that wrote tests/golden: glibc's
/// on a processor with fused multiply-add. They are right to almost half a unit of the last place, so that
/// their last bit is a library's own, and of glibc's a processor's own.
inline bool rounds_as_python_did() {
  Noise noise(7);
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, by words
  const auto add = [&](double value) {
    hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001b3U;
  };
  for (int i = 0; i < 20'000; ++i) {
    const double x = noise.number(16);
    add(std::exp(x));
    add(std::log(std::abs(x)));
    add(std::pow(std::abs(x), -0.5));
    add(std::sin(x));
    add(std::cos(x));
  }
  return hash == 0x13cd48e0d07313e0U;
}

}  // namespace microgpt::test
