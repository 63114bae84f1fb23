// Files that are either wholly there or not there at all, whatever happens while they are written.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// Writes the pieces, one after the other, as the file `path`: to a temporary file in the same
/// folder, made durable, then renamed over `path`, and the folder made durable. Throws Error (io);
/// then `path` is as it was, unless only the last of these failed: then it is the new one, and the
/// message says that it may not outlast a power cut.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> pieces);

/// The Error (io) for a file that cannot be written.
Error cannot_write_file(const std::string& path, const std::string& why);

/// Removes the temporary files that writers which were killed left in the folder. Call it only where
/// nobody else writes.
void remove_temporary_files(const std::filesystem::path& folder);

/// Removes a file. Throws Error (io) if it is there and cannot be removed.
void remove_file(const std::filesystem::path& path);

/// Makes durable which files the folder holds. Returns 0, or the error number; 0 also where the file
/// system cannot do it.
int sync_folder(const std::filesystem::path& folder);

}  // namespace microgpt
