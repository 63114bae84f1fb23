// Files that are either wholly there or not there at all, whatever happens while they are written.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace microgpt {

/// Writes the pieces, one after the other, as the file `path`: to a temporary file in the same
/// folder, made durable, then renamed over `path`, and the folder made durable. Throws Error (io);
/// then `path` is as it was.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> pieces);

}  // namespace microgpt
