#include "microgpt/bench/bench.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include "microgpt/bench/peak.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt {

namespace {

using Clock = std::chrono::steady_clock;

/// Documents a setting trains on, round and round.
constexpr std::size_t kDocuments = 4096;

/// Seconds.
constexpr double kLongStep = 0.2;

/// One setting, ready to go on training at any time.
class BenchRun {
 public:
  explicit BenchRun(const BenchSetting& setting)
      : setting_(setting), text_(setting.model, kDocuments), state_(setting.model) {
    config_.batch_size = setting.batch_size;
    config_.steps = 1'000'000'000;  // never reached: the learning rate stays what it is
    Rng rng(42);
    initialize(state_.parameters, InitConfig{}, rng);
    trainer_.emplace(setting_.model, config_, text_.tokenizer(), text_.examples(), state_, setting.threads);
  }

  /// Trains for `seconds` and notes the time of a step.
  void measure(double seconds) {
    const auto train = [this](int steps, std::size_t& positions) {
      const auto start = Clock::now();
      for (int i = 0; i < steps; ++i) positions += trainer_->step().positions;
      return std::chrono::duration<double>(Clock::now() - start).count();
    };
    std::size_t positions = 0;
    double warm_up = 0;  // brings everything back into the caches; of long steps one is enough
    for (int step = 0; step < 3 && warm_up * step < seconds; ++step) {
      warm_up = (warm_up * step + train(1, positions)) / (step + 1);
    }
    const int at_a_time = std::max(1, static_cast<int>(seconds / 20 / warm_up));  // the clock costs time too
    positions = 0;
    int steps = 0;
    double elapsed = 0;
    while (elapsed < seconds) {
      elapsed += train(at_a_time, positions);
      steps += at_a_time;
    }
    step_seconds_.push_back(elapsed / steps);
    step_positions_.push_back(static_cast<double>(positions) / steps);
  }

  /// A step so long that it is a measurement of its own is measured in every fifth round only.
  [[nodiscard]] int every_round() const {
    return step_seconds_.empty() || step_seconds_.front() < kLongStep ? 1 : 5;
  }

  [[nodiscard]] BenchResult result(double seconds) const {
    return {.setting = setting_,
            .seconds = Measurement::of(step_seconds_),
            .positions = Measurement::of(step_positions_).median,
            .phases = phase_seconds(setting_, seconds)};
  }

 private:
  BenchSetting setting_;
  BenchText text_;
  TrainConfig config_;
  TrainState<float> state_;
  std::optional<Trainer<float>> trainer_;
  std::vector<double> step_seconds_;
  std::vector<double> step_positions_;
};

}  // namespace

Measurement Measurement::of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double at = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {.median = quantile(0.5), .spread = (quantile(0.75) - quantile(0.25)) / quantile(0.5)};
}

double BenchResult::megabytes() const {
  TrainConfig config;
  config.batch_size = setting.batch_size;
  return 4 * numbers_in_memory<float>(setting.model, config, setting.threads) / 1e6;
}

double BenchReport::worst_spread() const {
  double worst = peak_gflops.spread;
  for (const BenchResult& result : results) worst = std::max(worst, result.seconds.spread);
  return worst;
}

BenchReport run_bench(std::span<const BenchSetting> settings, const BenchOptions& options,
                      const std::function<void(int, int)>& progress) {
  std::vector<std::unique_ptr<BenchRun>> runs;
  for (const BenchSetting& setting : settings) runs.push_back(std::make_unique<BenchRun>(setting));

  const int total = (options.rounds + 1) * static_cast<int>(runs.size());
  int done = 0;
  std::vector<double> peaks;
  for (int round = 0; round < options.rounds; ++round) {
    for (const auto& run : runs) {
      if (round % run->every_round() == 0) {
        peaks.push_back(fma_peak_gflops());  // it changes with the heat, as the runs do
        run->measure(options.seconds);
      }
      progress(++done, total);
    }
  }
  BenchReport report{.peak_gflops = Measurement::of(peaks), .results = {}};
  for (const auto& run : runs) {
    report.results.push_back(run->result(4 * options.seconds));
    progress(++done, total);
  }
  return report;
}

}  // namespace microgpt
