// Safetensors files by hand, good and bad.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/io/safetensors.hpp"
#include "support/errors.hpp"

namespace microgpt::test {

/// Eight bytes, lowest first.
inline std::string length_prefix(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xffU);
  return bytes;
}

inline std::string safetensors(std::string_view header, std::string_view data) {
  return length_prefix(header.size()) + std::string(header) + std::string(data);
}

inline Failure parse_failure(const std::string& bytes) {
  return failure_of([&] { SafetensorsFile::parse(bytes, "model.safetensors"); });
}

}  // namespace microgpt::test
