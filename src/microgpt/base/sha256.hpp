// SHA-256 (FIPS 180-4): the identity of a data file and of a checkpoint's tensors.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace microgpt {

/// The digest of the bytes, as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view bytes);

}  // namespace microgpt
