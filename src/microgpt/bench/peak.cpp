#include "microgpt/bench/peak.hpp"

#include <algorithm>
#include <chrono>

#include "microgpt/nn/fast/forms.hpp"

namespace microgpt {

double fma_peak_gflops() {
  constexpr int kRounds = 100'000;
  double best = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    const double operations = fast::form().multiply_adds(kRounds);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, operations / seconds.count() / 1e9);
  }
  return best;
}

}  // namespace microgpt
