// Measures training: all settings in turns, so that what disturbs the machine disturbs all alike.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/bench/phases.hpp"
#include "microgpt/bench/settings.hpp"

namespace microgpt {

/// Of repeated measurements: the median, and how far the middle half of them lies apart, as a share of it.
struct Measurement {
  double median = 0;
  double spread = 0;

  /// Of at least one value.
  static Measurement of(std::vector<double> values);
};

struct BenchResult {
  BenchSetting setting;
  Measurement seconds;   ///< of a training step
  double positions = 0;  ///< characters predicted in a step, in the mean
  std::array<double, static_cast<std::size_t>(Phase::count)> phases{};  ///< seconds of one thread in a step

  [[nodiscard]] double us_per_position() const { return seconds.median / positions * 1e6; }
  /// Megabytes that training takes, as it is told before it begins.
  [[nodiscard]] double megabytes() const;
  [[nodiscard]] double us_per_document() const { return seconds.median / setting.batch_size * 1e6; }
  [[nodiscard]] double characters_per_second() const { return positions / seconds.median; }
  [[nodiscard]] double gflops() const {
    return flops_per_position(setting.model) * characters_per_second() / 1e9;
  }
};

struct BenchReport {
  Measurement peak_gflops;  ///< one thread's
  std::vector<BenchResult> results;

  /// Of what its threads could do together at best.
  [[nodiscard]] double share_of_peak(const BenchResult& result) const {
    return result.gflops() / (peak_gflops.median * result.setting.threads);
  }
  /// The largest spread of all measurements.
  [[nodiscard]] double worst_spread() const;
};

/// Middle halves further apart than this mean that the machine was busy with something else.
inline constexpr double kNoisySpread = 0.05;

struct BenchOptions {
  int rounds = 15;        ///< of measuring every setting once
  double seconds = 0.05;  ///< of training for one measurement, at least
};

/// Measures the settings. progress(done, total) is called between measurements.
BenchReport run_bench(std::span<const BenchSetting> settings, const BenchOptions& options,
                      const std::function<void(int, int)>& progress);

}  // namespace microgpt
