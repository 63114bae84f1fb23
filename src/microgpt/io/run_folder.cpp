#include "microgpt/io/run_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <system_error>

#include "microgpt/base/error.hpp"

namespace microgpt {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";

/// The step of a checkpoint of this name, which must be just as checkpoint() writes it.
std::optional<int> step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  int step = 0;
  std::from_chars(name.data() + std::min(name.size(), kPrefix.size()), name.data() + name.size(), step);
  return step >= 0 && RunFolder{}.checkpoint(step).filename() == name ? std::optional(step) : std::nullopt;
}

void make_checkpoints_folder(const fs::path& run) {
  std::error_code failed;
  fs::create_directories(RunFolder{run}.checkpoints(), failed);
  if (failed) throw Error(Fault::io, "cannot make run folder: " + run.string() + ": " + failed.message());
}

/// Whether a folder holds nothing but what a run leaves that was killed before it began.
bool has_nothing(const fs::path& path) {
  std::error_code failed;
  for (fs::directory_iterator entry(path, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    const bool leftover = name == ".lock" || name.starts_with(".config.json.tmp")
                          || (name == "checkpoints" && fs::is_empty(entry->path(), unknown));
    if (!leftover) return false;
  }
  return !failed;
}

}  // namespace

fs::path RunFolder::checkpoint(int step) const {
  char name[64];
  std::snprintf(name, sizeof name, "%s%08d%s", kPrefix.data(), step, kSuffix.data());
  return checkpoints() / name;
}

std::vector<int> RunFolder::checkpoint_steps() const {
  std::vector<int> steps;
  std::error_code failed;
  for (fs::directory_iterator entry(checkpoints(), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (const auto step = step_of(entry->path())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end(), std::greater<>());
  return steps;
}

RunFolder RunFolder::create(const fs::path& path) {
  std::error_code failed;
  if (fs::exists(path, failed)) {
    if (!fs::is_directory(path, failed)) {
      throw Error(Fault::io, "cannot make run folder: " + path.string() + ": there is a file of that name");
    }
    if (!has_nothing(path)) {
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
  if (!fs::status_known(status)) {
    throw Error(Fault::checkpoint, "cannot read file: " + path.string() + ": " + failed.message());
  }
  if (!fs::exists(status)) {
    throw Error(Fault::checkpoint,
                "no such model: " + path.string() + ": give a .safetensors file or a run folder");
  }
  if (!fs::is_directory(status)) return {path};

  const RunFolder folder{path};
  fs::directory_iterator readable(folder.checkpoints(), failed);
  if (failed && failed != std::errc::no_such_file_or_directory) {
    throw Error(Fault::checkpoint,
                "cannot read folder: " + folder.checkpoints().string() + ": " + failed.message());
  }
  std::vector<fs::path> found;
  for (const int step : folder.checkpoint_steps()) found.push_back(folder.checkpoint(step));
  std::error_code none;
  if (fs::exists(folder.best_checkpoint(), none)) found.push_back(folder.best_checkpoint());
  if (found.empty()) {
    throw Error(Fault::checkpoint,
                "no model in run folder: " + path.string() + ": it has no checkpoints/step-*.safetensors: if the run was "
                "killed at its very start, start it again");
  }
  return found;
}

}  // namespace microgpt
