// Where the tests find what they read.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace microgpt::test {

/// A file of the repository.
inline std::filesystem::path repository_file(const std::string& relative) {
  return std::filesystem::path(MICROGPT_SOURCE_DIR) / relative;
}

/// One of the two well-known texts, "names.txt" or "tinyshakespeare.txt": from the folder that the
/// environment variable MICROGPT_TEST_DATA names, or from data/ if scripts/get-data.sh put it
/// there; else nothing, and the test that asked has to say that it was left out.
inline std::optional<std::filesystem::path> well_known_text(const std::string& name) {
  if (const char* folder = std::getenv("MICROGPT_TEST_DATA")) {
    const auto path = std::filesystem::path(folder) / name;
    if (std::filesystem::exists(path)) return path;
  }
  const auto downloaded = repository_file("data/" + (name == "names.txt" ? "names-ssa.txt" : name));
  if (std::filesystem::exists(downloaded)) return downloaded;
  return std::nullopt;
}

}  // namespace microgpt::test
