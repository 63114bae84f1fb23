// How large a file is, and its SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< as sha256sum prints it
};

/// Reads the file in pieces, so that it takes no memory. Throws Error with this fault if it cannot be read.
FileDigest digest_of_file(const std::filesystem::path& path, Fault fault);

}  // namespace microgpt
