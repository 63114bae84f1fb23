// The ε of rmsnorm: in a header of its own, since the vector forms include no matrices.
#pragma once

namespace microgpt {

inline constexpr double kRmsNormEpsilon = 1e-5;

}  // namespace microgpt
