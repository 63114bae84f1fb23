// The one matrix product of the fast kernels.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt::fast {

/// A matrix whose element (row, col) is data[row * row_step + col * col_step]: so is a transpose.
struct Strided {
  const float* data;
  Index row_step;
  Index col_step;
};

/// c (M, N) = a (M, K) b (K, N), or += where `add`. Rows of b are b_step apart, rows of c c_step.
/// The order of every sum depends on the sizes alone.
void matmul(Index M, Index N, Index K, Strided a, const float* b, Index b_step, float* c, Index c_step,
            bool add);

/// to (cols, rows) = fromᵀ, of from (rows, cols).
void transpose(Index rows, Index cols, const float* from, Index from_step, float* to, Index to_step);

/// Memory of the calling thread for `size` floats; kept, and given out again at the next call.
float* scratch(std::size_t size);

}  // namespace microgpt::fast
