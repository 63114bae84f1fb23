#include "microgpt/run/moved_text.hpp"

#include <optional>
#include <system_error>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file_digest.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

/// "old/home/texts/a.txt", "home/texts/a.txt", "texts/a.txt", "a.txt".
std::vector<fs::path> ends_of(const fs::path& path) {
  constexpr std::size_t kLongestPath = 4096;  // bytes: no system has longer paths
  std::vector<fs::path> ends;
  if (path.native().size() > kLongestPath) return ends;
  const fs::path steps = path.lexically_normal().relative_path();
  for (auto first = steps.begin(); first != steps.end(); ++first) {
    fs::path end;
    for (auto step = first; step != steps.end(); ++step) end /= *step;
    ends.push_back(end);
  }
  return ends;
}

bool is_text(const fs::path& path, const std::string& sha256) {
  std::error_code unknown;
  if (!fs::is_regular_file(path, unknown)) return false;
  try {
    return digest_of_file(path, Fault::data).sha256 == sha256;
  } catch (const Error&) {  // a file that cannot be read is another's
    return false;
  }
}

std::optional<fs::path> find_beside(const fs::path& place, const std::vector<fs::path>& ends,
                                    const std::string& sha256) {
  std::error_code gone;
  const fs::path from = fs::absolute(place, gone).lexically_normal();
  if (gone) return std::nullopt;
  for (fs::path folder = from;; folder = folder.parent_path()) {
    for (const fs::path& end : ends) {
      if (is_text(folder / end, sha256)) return folder / end;
    }
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

}  // namespace

std::string find_own_text(const std::string& recorded, const fs::path& place, const std::string& sha256) {
  std::error_code unknown;
  if (fs::exists(recorded, unknown)) return recorded;
  const auto found = find_beside(place, ends_of(recorded), sha256);
  if (found) return found->string();
  throw Error(Fault::data, {.what = "no such text",
                            .where = recorded,
                            .hint = "the model was trained on it, and it does not lie beside the model "
                                    "either: say with --data FILE where it is now"});
}

}  // namespace microgpt
