#include "microgpt/base/file_digest.hpp"

#include <algorithm>

#include "microgpt/base/file.hpp"
#include "microgpt/base/sha256.hpp"

namespace microgpt {

FileDigest digest_of_file(const std::filesystem::path& path, Fault fault) {
  InputFile file(path, fault, std::uint64_t{64} << 30);
  std::string piece(1 << 16, '\0');
  Sha256 hash;
  for (std::uint64_t left = file.size(); left > 0; left -= piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left)));
    file.read(piece);
    hash.update(piece);
  }
  return {.bytes = file.size(), .sha256 = hash.hex()};
}

}  // namespace microgpt
