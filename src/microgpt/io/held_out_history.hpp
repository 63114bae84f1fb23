// The held-out losses a run has measured so far, from its metrics.jsonl.
#pragma once

#include <filesystem>
#include <vector>

namespace microgpt {

/// In the order of the file; none if there is no file. Throws Error (io) if it cannot be read.
std::vector<double> held_out_history(const std::filesystem::path& metrics);

}  // namespace microgpt
