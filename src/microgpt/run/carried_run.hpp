// A run as the lab's page carries it: its files, in one JSON document inside the page (src/web).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

struct CarriedRun {
  /// {"name", "open": the path to open, "files": [{"path", "text" or "base64"}]}. No text in it, whatever it holds, can be
  /// taken for markup: every < is written as an escape.
  std::string json;
  std::vector<int> steps;       ///< of the checkpoints in it; of a model file that alone
  std::size_t left_out = 0;     ///< checkpoints that there was no room for
  std::string text_left_out{};  ///< why the training text is not in it; empty if it is
};

/// Checkpoints are left out, evenly, where together they would have more than `most_bytes`; the best and the newest stay.
/// A text that is larger than a quarter of it is left out. Throws Error (checkpoint, io) if there is no model or a file
/// cannot be read.
CarriedRun carried_run(const std::filesystem::path& path, std::uint64_t most_bytes = std::uint64_t{32} << 20);

/// The page with this run in the place of the one it carries. The page is one that the project built.
std::string page_with_run(std::string_view page, std::string_view json);

}  // namespace microgpt
