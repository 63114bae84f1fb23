// The one matrix product of the fast kernels.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt::fast {

/// A matrix whose element (row, col) is data[row * row_step + col * col_step], one of the steps being 1: so
/// is a transpose.
struct Strided {
  const float* data;
  Index row_step;
  Index col_step;
};

/// c (M, N) = a (M, K) b (K, N), or += where `add`. Rows of c are c_step apart. The order of every sum
/// depends on the sizes alone.
void matmul(Index M, Index N, Index K, Strided a, Strided b, float* c, Index c_step, bool add);

/// Memory of the calling thread for `size` floats; kept, and given out again at the next call.
float* scratch(std::size_t size);

}  // namespace microgpt::fast
