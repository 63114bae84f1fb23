// dropout:   y = x mask / (1 - p)          (Srivastava et al. 2014; microgpt.py has none)
//
// mask is 0 with probability p and otherwise 1, so that the mean of y is x. Backward is the same line:
// dx = dy mask / (1 - p). A mask is not kept but computed again from a key and the place of each number; so it depends
// neither on how a batch is cut, nor on the number of threads, nor on what was computed before.
#pragma once

#include <cstdint>

#include "microgpt/base/matrix.hpp"

namespace microgpt {

/// The mask of a matrix at one place of the model.
struct DropoutMask {
  double rate = 0;  ///< p, at least 0 and below 1
  std::uint64_t key = 0;
  Index first_row = 0;  ///< number of the first row in the whole batch

  /// The same from a later row on.
  [[nodiscard]] DropoutMask from_row(Index row) const { return {rate, key, first_row + row}; }
  [[nodiscard]] std::uint32_t row_key(Index row) const;
  /// A number is dropped if its hash is below this.
  [[nodiscard]] std::uint32_t threshold() const;
};

/// The hash of a column, of a row by its key.
std::uint32_t dropout_hash(std::uint32_t row_key, Index column);

/// x (P, C) becomes y, or dy becomes dx.
template <class T>
void dropout(Out<T> x, const DropoutMask& mask);

/// Dropout in one pass through the model: of every place another mask. Without a rate there is none.
struct Dropout {
  double rate = 0;
  std::uint64_t key = 0;
  Index first_row = 0;  ///< number of the first position in the whole batch

  explicit operator bool() const { return rate > 0; }
  /// Places are numbered by the caller.
  [[nodiscard]] DropoutMask at(int place) const;
};

/// That of one step of a run, which has the seed.
Dropout dropout_of_step(double rate, std::uint64_t seed, int step);

}  // namespace microgpt
