// Where the text of a run is, when the folder that holds both was moved.
#pragma once

#include <filesystem>
#include <string>

namespace microgpt {

/// `recorded`, where the run had its text, if there is a file. Otherwise the text is looked for beside `place`, the run
/// folder or a checkpoint: there and in every folder above, under each end of the recorded path, the longest first.
/// Only a file of this SHA-256 is taken. Throws Error (data), naming the recorded path and --data, if there is none.
std::string find_own_text(const std::string& recorded, const std::filesystem::path& place,
                          const std::string& sha256);

}  // namespace microgpt
