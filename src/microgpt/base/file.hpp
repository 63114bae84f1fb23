// Whole files in, whole files out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// The bytes of a regular file. Throws Error with the given fault if the path is missing, is not a
/// regular file, cannot be read, holds more than `limit` bytes or changes size while it is read.
std::string read_file(const std::filesystem::path& path, Fault fault,
                      std::uint64_t limit = std::uint64_t{4} << 30);

}  // namespace microgpt
