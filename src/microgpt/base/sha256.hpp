// SHA-256 (FIPS 180-4): the identity of a data file and of a checkpoint's tensors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace microgpt {

class Sha256 {
 public:
  void update(std::string_view bytes);

  /// The digest of all bytes so far, as 64 lower-case hexadecimal digits. Ends the use of this
  /// object.
  std::string hex();

 private:
  /// Works `blocks` times 64 bytes into the state.
  void absorb(const unsigned char* data, std::size_t blocks);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_{};  // bytes that do not fill a block yet
  std::uint64_t size_ = 0;                 // bytes so far
};

/// The digest of the bytes.
std::string sha256(std::string_view bytes);

}  // namespace microgpt
