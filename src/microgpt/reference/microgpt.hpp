// microgpt.py from its first line to its last: shuffle, initialise, train, sample, and say so in
// the same words. The output is the Python program's, byte for byte, for any text, seed and size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

namespace microgpt::reference {

enum class Revision {
  latest,  ///< the published text: relu, context 16, 1000 steps, linear decay
  course,  ///< the one taught by the course: relu², context 8, 500 steps, cosine decay
};

/// What a caller may choose; what is not given is the revision's own.
struct Options {
  Revision revision = Revision::latest;
  std::uint64_t seed = 42;
  int n_layer = 1;
  int n_embd = 16;
  int n_head = 4;
  std::optional<int> block_size = std::nullopt;
  std::optional<int> num_steps = std::nullopt;
  int samples = 20;
};

/// Trains and samples. `documents` in file order; what Python prints goes to `out`, and each step's
/// loss to `on_loss` if there is one. Throws Error (usage) for sizes on which the Python program
/// fails, and Error (numeric) where Python would raise in the middle of a run.
void run(std::vector<std::string_view> documents, const Options& options, std::ostream& out,
         const std::function<void(double)>& on_loss = {});

}  // namespace microgpt::reference
