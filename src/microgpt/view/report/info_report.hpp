// The page of microgpt info: what a model file holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/file_digest.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// How large the numbers of a tensor are.
struct TensorSize {
  std::string name, dtype;
  std::vector<std::uint64_t> shape;
  double norm = 0;     ///< sqrt(Σ x²)
  double largest = 0;  ///< max |x|
};

/// A run's checkpoint with the lowest held-out loss.
struct BestCheckpoint {
  std::string file;
  int step = 0;
  double held_out_loss = 0;               ///< nats per character
  std::optional<std::uint64_t> sample{};  ///< of so many characters of the held-out text, not of all
};

struct ModelInfo {
  std::string file;
  FileDigest digest;
  std::string tensors_sha256;  ///< of the bytes of all tensors, in the order of the file
  std::string format_version;
  RunConfig config;
  Tokenizer tokenizer;
  TrainingRecord training;
  std::vector<TensorSize> tensors;  ///< every one of the file, in its order
  std::optional<BestCheckpoint> best;
  std::optional<int> last_step{};  ///< of the run, if the file is its best, which is of an earlier step
};

/// Reads a checkpoint's numbers, and what its file and the run folder `path`, if it is one, say. Beside the
/// largest tensor and the run's best checkpoint it takes no memory. Throws Error (checkpoint) if the file cannot be read again.
ModelInfo model_info(const Checkpoint& checkpoint, const std::filesystem::path& path);

/// Without `all` at most 20 tensors, and of the vocabulary the first characters in a line.
Page info_report(const ModelInfo& info, bool all = false, const std::string& more = "--all shows all");

}  // namespace microgpt::view
