// The lab's engine as its page calls it, in a folder of its own.
#pragma once

#include <filesystem>
#include <string>

#include "support/json.hpp"
#include "support/temp_folder.hpp"
#include "web/engine/lab_engine.hpp"

namespace microgpt::test {

/// The engine's paths are relative: in the page, to a memory that nothing else writes to.
class LabFolder {
 public:
  LabFolder() : before_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path()); }
  ~LabFolder() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }
  LabFolder(const LabFolder&) = delete;
  LabFolder& operator=(const LabFolder&) = delete;

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

 private:
  TempFolder folder_;
  std::filesystem::path before_;
};

/// The answer of a call, which must not be an error.
inline Json good(const char* answer) {
  const std::string text = answer;
  if (text.starts_with(R"({"error")")) throw std::runtime_error("the engine says " + text);
  return Json::parse(text);
}
inline int number_of(const Json& answer, const char* key) {
  return static_cast<int>(answer[key].number());
}

inline Json put_file(const std::string& path, const std::string& bytes) {
  return good(lab_write(path.c_str(), bytes.data(), bytes.size()));
}

}  // namespace microgpt::test
