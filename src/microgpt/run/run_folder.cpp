#include "microgpt/run/run_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFileThere = "there is a file of that name";
constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";

/// The step of a checkpoint of this name, which must be just as checkpoint() writes it.
std::optional<int> step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  int step = 0;
  std::from_chars(name.data() + std::min(name.size(), kPrefix.size()), name.data() + name.size(), step);
  return step >= 0 && RunFolder{}.checkpoint(step).filename() == name ? std::optional(step) : std::nullopt;
}

/// In eight digits or more, so that names are in the order of their steps.
std::string step_text(int step) {
  char text[16];
  std::snprintf(text, sizeof text, "%08d", step);
  return text;
}

Error cannot_make_run_folder(const fs::path& path, const std::string& why) {
  return Error(Fault::io, {.what = "cannot make run folder", .where = path.string(), .hint = why});
}

void make_checkpoints_folder(const fs::path& run) {
  std::error_code failed;
  fs::create_directories(RunFolder{run}.checkpoints(), failed);
  if (failed) throw cannot_make_run_folder(run, failed.message());
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
  return checkpoints() / (std::string(kPrefix) + step_text(step) + std::string(kSuffix));
}

fs::path RunFolder::samples_of(int step) const {
  return path / ("samples-" + step_text(step) + ".txt");
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
      throw cannot_make_run_folder(path, kFileThere);
    }
    if (!has_nothing(path)) {
      throw cannot_make_run_folder(path, "it is not empty, and no run is written over: choose another --out");
    }
  }
  make_checkpoints_folder(path);
  return {path};
}

RunFolder RunFolder::create_next(const fs::path& parent, const std::string& name) {
  std::error_code failed;
  fs::create_directories(parent, failed);
  if (failed) {
    std::error_code unknown;
    const bool is_file = fs::exists(parent, unknown) && !fs::is_directory(parent, unknown);
    throw Error(Fault::io, {.what = "cannot make folder",
                            .where = parent.string(),
                            .hint = is_file ? kFileThere : failed.message()});
  }
  for (int number = 1;; ++number) {
    const fs::path path = parent / (name + "-" + std::to_string(number));
    // create_directory says whether it was this call that made it: two runs never share one.
    if (fs::create_directory(path, failed)) {
      make_checkpoints_folder(path);
      return {path};
    }
    std::error_code unknown;
    const bool taken = fs::exists(fs::symlink_status(path, unknown));  // by whatever it may be
    if (failed && !taken) throw cannot_make_run_folder(path, failed.message());
  }
}

std::vector<fs::path> find_checkpoints(const fs::path& path) {
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (!fs::status_known(status)) {
    throw Error(Fault::checkpoint,
                {.what = "cannot read file", .where = path.string(), .hint = failed.message()});
  }
  if (!fs::exists(status)) {
    throw Error(Fault::checkpoint, {.what = "no such model",
                                    .where = path.string(),
                                    .hint = "give a .safetensors file or a run folder"});
  }
  if (!fs::is_directory(status)) return {path};

  const RunFolder folder{path};
  fs::directory_iterator readable(folder.checkpoints(), failed);
  if (failed && failed != std::errc::no_such_file_or_directory) {
    throw Error(
        Fault::checkpoint,
        {.what = "cannot read folder", .where = folder.checkpoints().string(), .hint = failed.message()});
  }
  std::vector<fs::path> found;
  for (const int step : folder.checkpoint_steps()) found.push_back(folder.checkpoint(step));
  std::error_code none;
  if (fs::exists(folder.best_checkpoint(), none)) found.push_back(folder.best_checkpoint());
  if (found.empty()) {
    throw Error(Fault::checkpoint, {.what = "no model in run folder",
                                    .where = path.string(),
                                    .hint = "it has no checkpoints/step-*.safetensors: if the run was killed "
                                            "at its very start, start it again"});
  }
  return found;
}

Checkpoint load_newest_checkpoint(const fs::path& path,
                                  const std::function<void(const Error&)>& passed_over) {
  std::vector<Error> failures;
  auto files = find_checkpoints(path);
  // The best comes last, but a run that was killed may have come no further.
  const auto steps = RunFolder{path}.checkpoint_steps();
  if (files.size() > steps.size() && !steps.empty()
      && Checkpoint::stated_step(files.back()) > steps.front()) {
    std::rotate(files.begin(), files.end() - 1, files.end());
  }
  for (const auto& file : files) {
    try {
      Checkpoint checkpoint = Checkpoint::load(file);
      for (const Error& failure : failures) {
        if (passed_over) passed_over(failure);
      }
      return checkpoint;
    } catch (const Error& error) {
      failures.push_back(error);
    }
  }
  throw failures.front();
}

void save_run_config(const fs::path& path, const RunConfig& config) {
  const std::string text = to_json(config).dump(2) + '\n';
  const std::string_view pieces[] = {text};
  write_file_atomically(path, pieces);
}

}  // namespace microgpt
