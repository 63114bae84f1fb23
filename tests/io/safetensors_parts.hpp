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

/// Sixteen bytes of data.
inline const std::string kData(16, 'x');

/// The header of one tensor "a" with these three values.
inline std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

inline const std::string kGood = entry(R"("F32")", "[2,2]", "[0,16]");

/// Two tensors with the given offsets, of `n` and `m` bytes.
inline std::string two(const std::string& n, const std::string& first, const std::string& m,
                       const std::string& second) {
  return R"({"a":{"dtype":"U8","shape":[)" + n + R"(],"data_offsets":)" + first
         + R"(},"b":{"dtype":"U8","shape":[)" + m + R"(],"data_offsets":)" + second + "}}";
}

inline Failure parse_failure(const std::string& bytes) {
  return failure_of([&] { SafetensorsFile::parse(bytes, "model.safetensors"); });
}

}  // namespace microgpt::test
