// std::bit_cast for standard libraries that have none yet (libc++ before version 14); the compilers do.
#pragma once

namespace microgpt {

/// The same bits as a value of another type of the same size.
template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}

}  // namespace microgpt
