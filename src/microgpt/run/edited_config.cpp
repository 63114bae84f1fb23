#include "microgpt/run/edited_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/config/strict_json.hpp"
#include "microgpt/run/config_difference.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

/// `by_the_clock`: by version 0.1, in which a run could go by time and its number of steps changed with every step.
std::optional<RunConfig> read_edited(const fs::path& path, bool& by_the_clock) {
  constexpr std::uint64_t kLimit = 1 << 20;  // many times any config
  nlohmann::json document;
  try {
    document = parse_strict_json(read_file(path, Fault::data, kLimit), Fault::data, path.string());
  } catch (const Error&) {
    return std::nullopt;
  }
  const nlohmann::json::json_pointer budget("/train/time_budget");
  by_the_clock = document.contains(budget) && document.at(budget) != 0;
  try {
    // As a checkpoint's, so that the file of an older version can be read too.
    resolve_paths(document, path.parent_path());
    return read_run_config(document, Fault::checkpoint, path.string());
  } catch (const Error& error) {
    throw Error(Fault::data, error.parts());
  }
}

std::string difference_text(const std::vector<KeyDifference>& keys) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, keys.size()); ++i) {
    text += (i == 0 ? "" : ", ") + keys[i].key + " is " + printable(keys[i].a) + " here and "
            + printable(keys[i].b) + " in the run";
  }
  if (keys.size() > kMost) text += ", and " + std::to_string(keys.size() - kMost) + " more keys differ";
  return text;
}

}  // namespace

std::string path_of_text(const fs::path& config_json, const RunConfig& of_checkpoint, bool is_extended) {
  bool by_the_clock = false;
  const auto edited = read_edited(config_json, by_the_clock);
  if (!edited) return of_checkpoint.data.path;
  auto keys = differing_keys(*edited, of_checkpoint);
  std::erase_if(keys, [&](const KeyDifference& one) {
    const bool free_steps = is_extended || by_the_clock;
    return one.key == "data.path" || (free_steps && one.key == "train.steps")
           || (is_extended && one.key == "train.schedule");
  });
  if (keys.empty()) return edited->data.path.empty() ? of_checkpoint.data.path : edited->data.path;
  const bool steps =
      std::any_of(keys.begin(), keys.end(), [](const auto& one) { return one.key == "train.steps"; });
  throw Error(Fault::data,
              {.what = "cannot resume: the config was edited",
               .where = config_json.string(),
               .hint = difference_text(keys)
                       + ": put the values of the run back, or begin a new run with --config and this file"
                       + (steps ? "; to train for more steps, give --steps with --resume" : "")});
}

}  // namespace microgpt
