// Which files of a folder are texts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace microgpt {

/// A file or folder that was not read, and why: "hidden", "empty".
struct LeftOut {
  std::filesystem::path path;
  std::string why;
};

/// What a file is apart from its names: by two names, or by a link, it is the same one.
using FileIdentity = std::pair<dev_t, ino_t>;

struct FolderTexts {
  std::vector<std::filesystem::path> texts;  ///< sorted by their paths, byte by byte
  std::vector<LeftOut> left_out;             ///< sorted too; of a folder that is left out, the folder alone
};

/// The text files in the folder and in the folders below, links followed. Left out are:
/// - files and folders whose name begins with a dot;
/// - what is no regular file;
/// - subfolders that hold a training run;
/// - files that are not text by the end of their name (.png, .zip, .safetensors and the like) or by their beginning: they
///   have NUL in their first kilobytes, unless they look like UTF-16, or begin as a PDF, an archive or a picture does;
/// - files and folders that were met before, also by another name; `met` gets those that are texts.
///
/// NUL is no reason where `nul_is_text`, for encodings that have it in every text. Throws Error (data) with the path if a
/// file or folder cannot be read or a link leads back to a folder that it is in.
FolderTexts texts_in_folder(const std::filesystem::path& folder, bool nul_is_text,
                            std::set<FileIdentity>& met);

}  // namespace microgpt
