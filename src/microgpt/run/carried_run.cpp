#include "microgpt/run/carried_run.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "microgpt/base/base64.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "microgpt/run/moved_text.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// JSON in which no character opens markup, and no line end of JavaScript's own stands.
std::string without_markup(const ordered_json& json) {
  const std::string plain = json.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size());
  for (const char c : plain) {
    if (c == '<') {
      safe += "\\u003c";
    } else if (c == '>') {
      safe += "\\u003e";
    } else if (c == '&') {
      safe += "\\u0026";
    } else {
      safe += c;
    }
  }
  return safe;
}

void add_file(ordered_json& files, const std::string& path, const std::string& bytes, bool is_text) {
  files.push_back({{"path", path}, {is_text ? "text" : "base64", is_text ? bytes : base64(bytes)}});
}

void add_text_of_run(ordered_json& files, const fs::path& file, const std::string& path) {
  std::error_code unknown;
  if (!fs::exists(file, unknown)) return;
  const std::string text = read_file(file, Fault::io);
  add_file(files, path, text, find_invalid_utf8(text) == std::string::npos);
}

/// Of many steps, newest first, so many that are spread evenly from the newest to the oldest.
std::vector<int> spread(const std::vector<int>& steps, std::size_t most) {
  if (steps.size() <= most) return steps;
  std::vector<int> some;
  for (std::size_t i = 0; i < most; ++i)
    some.push_back(steps[most > 1 ? i * (steps.size() - 1) / (most - 1) : 0]);
  return some;
}

/// Puts the model's own text beside it, where the page finds it as the program would. Returns why not.
std::string add_own_text(ordered_json& files, const Checkpoint& checkpoint, const fs::path& place,
                         const std::string& folder, std::uint64_t most_bytes) {
  try {
    const std::string recorded = checkpoint.config().data.path;
    const std::string path = find_own_text(recorded, place, checkpoint.training().data_sha256);
    const std::string text = read_file(path, Fault::data, most_bytes);
    add_file(files, folder + "/" + fs::path(recorded).filename().string(), text,
             find_invalid_utf8(text) == std::string::npos);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string name_of(const fs::path& path) {
  const fs::path plain = path.lexically_normal();
  const fs::path last = plain.has_filename() ? plain.filename() : plain.parent_path().filename();
  std::error_code unknown;
  const std::string name = fs::is_directory(path, unknown) ? last.string() : last.stem().string();
  return name.empty() || name == "." || name == ".." ? "run" : name;
}

}  // namespace

CarriedRun carried_run(const fs::path& path, std::uint64_t most_bytes) {
  const Checkpoint model = choose_model(path, Weights::best).checkpoint;
  CarriedRun carried;
  const std::string name = name_of(path);
  const std::string folder = "carried/" + name;
  ordered_json files = ordered_json::array();
  std::string open = folder;
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) {
    const RunFolder run{path};
    const RunFolder inside{folder};
    add_text_of_run(files, run.config(), inside.config().string());
    add_text_of_run(files, run.metrics(), inside.metrics().string());
    add_text_of_run(files, run.samples(), inside.samples().string());
    const std::vector<int> all = run.checkpoint_steps();
    const auto bytes_each =
        std::max<std::uint64_t>(1, all.empty() ? 1 : fs::file_size(run.checkpoint(all.front()), unknown));
    carried.steps = spread(all, std::max<std::size_t>(1, static_cast<std::size_t>(most_bytes / bytes_each)));
    carried.left_out = all.size() - carried.steps.size();
    std::reverse(carried.steps.begin(), carried.steps.end());
    for (const int step : carried.steps)
      add_file(files, inside.checkpoint(step).string(), read_file(run.checkpoint(step), Fault::io), false);
    if (fs::exists(run.best_checkpoint(), unknown)) {
      add_file(files, inside.best_checkpoint().string(), read_file(run.best_checkpoint(), Fault::io), false);
    }
  } else {
    open = folder + "/" + path.filename().string();
    add_file(files, open, read_file(path, Fault::io), false);
    carried.steps = {model.training().step};
  }
  carried.text_left_out = add_own_text(files, model, path, folder, most_bytes / 4);
  carried.json = without_markup({{"name", name}, {"open", open}, {"files", files}});
  return carried;
}

std::string page_with_run(std::string_view page, std::string_view json) {
  constexpr std::string_view kOpens = R"(<script type="application/json" id="run">)";
  constexpr std::string_view kCloses = "</script>";
  const std::size_t begin = page.find(kOpens);
  const std::size_t end = page.find(kCloses, begin == std::string_view::npos ? begin : begin + kOpens.size());
  if (begin == std::string_view::npos || end == std::string_view::npos)
    throw Error(Fault::data, {.what = "bad page", .hint = "it has no place for a run"});
  return std::string(page.substr(0, begin + kOpens.size())) + std::string(json)
         + std::string(page.substr(end));
}

}  // namespace microgpt
