// The constants of dropout's hash, a step from column to column and the finaliser of MurmurHash3 (Appleby 2011): of 32
// bits, because vectors multiply these. The readable form and the fast ones share them.
#pragma once

#include <cstdint>

namespace microgpt {

inline constexpr std::uint32_t kDropoutStep = 0x9e3779b9U;
inline constexpr std::uint32_t kDropoutFirst = 0x85ebca6bU;
inline constexpr std::uint32_t kDropoutSecond = 0xc2b2ae35U;

}  // namespace microgpt
