// A row of numbers times a matrix: what decoding one token at a time is made of.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt::fast {

/// y (N) = x (K) b, of b (K, N) whose rows are b_step apart. b and y must lie in Arenas (base/matrix.hpp);
/// what follows y there is read and written back as it was. The order of every sum depends on the sizes
/// alone.
void row_product(Index N, Index K, const float* x, const float* b, Index b_step, float* y);

}  // namespace microgpt::fast
