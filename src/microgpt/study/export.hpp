// A run of one text as named arrays, for other programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

struct NamedArray {
  std::string name;                ///< a site: layer0.attn.q; of a gradient: layer0.attn.q.grad
  std::vector<std::size_t> shape;  ///< (T, C), (H, T, T), (T, V)
  std::vector<double> values;      ///< row by row
};

/// Every site of the run's first document, and their gradients and those of the weights (layer0.attn_wq.grad)
/// if it took them. Of scores, what no query may see is -infinity.
std::vector<NamedArray> named_arrays(const Trace& trace);

/// A .npz file as numpy.load reads it: a zip archive, not compressed, of .npy files of doubles.
/// Throws Error(usage) if it would have more than `most_bytes` or 65,535 arrays, which is what zip can hold.
std::string to_npz(const std::vector<NamedArray>& arrays, std::uint64_t most_bytes = 0xffffffff);

}  // namespace microgpt::study
