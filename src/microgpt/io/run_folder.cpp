#include "microgpt/io/run_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "microgpt/base/error.hpp"

namespace microgpt {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kPrefix = "step-";
constexpr const char* kSuffix = ".safetensors";

void make_checkpoints_folder(const fs::path& run) {
  std::error_code failed;
  fs::create_directories(run / kCheckpoints, failed);
  if (failed) throw Error(Fault::io, "cannot make run folder: " + run.string() + ": " + failed.message());
}

}  // namespace

fs::path RunFolder::checkpoint(int step) const {
  char name[64];
  std::snprintf(name, sizeof name, "%s%08d%s", kPrefix, step, kSuffix);
  return path / kCheckpoints / name;
}

RunFolder RunFolder::create(const fs::path& path) {
  std::error_code failed;
  if (fs::exists(path, failed)) {
    if (!fs::is_directory(path, failed)) {
      throw Error(Fault::io, "cannot make run folder: " + path.string() + ": there is a file of that name");
    }
    if (!fs::is_empty(path, failed)) {
      throw Error(Fault::io, "cannot make run folder: " + path.string()
                                 + ": it is not empty, and no run is written over: choose another --out");
    }
  }
  make_checkpoints_folder(path);
  return {path};
}

RunFolder RunFolder::create_next(const fs::path& parent, const std::string& name) {
  std::error_code failed;
  fs::create_directories(parent, failed);
  if (failed) throw Error(Fault::io, "cannot make folder: " + parent.string() + ": " + failed.message());
  for (int number = 1;; ++number) {
    const fs::path path = parent / (name + "-" + std::to_string(number));
    // create_directory says whether it was this call that made it: two runs never share one.
    if (fs::create_directory(path, failed)) {
      make_checkpoints_folder(path);
      return {path};
    }
    std::error_code unknown;
    const bool taken = fs::exists(fs::symlink_status(path, unknown));  // by whatever it may be
    if (failed && !taken)
      throw Error(Fault::io, "cannot make run folder: " + path.string() + ": " + failed.message());
  }
}

std::vector<fs::path> find_checkpoints(const fs::path& path) {
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (!fs::exists(status)) {
    throw Error(Fault::checkpoint,
                "no such model: " + path.string() + ": give a .safetensors file or a run folder");
  }
  if (!fs::is_directory(status)) return {path};

  std::vector<fs::path> found;
  for (fs::directory_iterator entry(path / kCheckpoints, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) found.push_back(entry->path());
  }
  if (found.empty()) {
    throw Error(Fault::checkpoint,
                "no model in run folder: " + path.string() + ": it has no checkpoints/step-*.safetensors");
  }
  // Eight digits, or more where a run is longer: the longer name is the later step.
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const std::string& left = a.native();
    const std::string& right = b.native();
    return left.size() != right.size() ? left.size() > right.size() : left > right;
  });
  return found;
}

}  // namespace microgpt
