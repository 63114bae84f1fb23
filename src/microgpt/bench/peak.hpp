// How fast this processor could multiply and add at best.
#pragma once

namespace microgpt {

/// Fused multiply-adds of floats by one thread, in vectors as wide as those of the form in use, with nothing to load or
/// to store and no sum waiting for another: in GFLOP/s, a multiply-add counted as two operations. Takes about
/// 10 ms.
double fma_peak_gflops();

}  // namespace microgpt
