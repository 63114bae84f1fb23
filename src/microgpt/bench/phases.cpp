#include "microgpt/bench/phases.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/shards.hpp"

namespace microgpt {

namespace {

using Clock = std::chrono::steady_clock;
using PhaseTimes = std::array<double, static_cast<std::size_t>(Phase::count)>;

thread_local PhaseTimes times;

/// What training uses, timed.
template <Phase phase, auto operation>
struct Timed {
  template <class... Arguments>
  void operator()(Arguments&&... arguments) const {
    const auto start = Clock::now();
    operation(std::forward<Arguments>(arguments)...);
    times[static_cast<std::size_t>(phase)] += std::chrono::duration<double>(Clock::now() - start).count();
  }
};

struct TimedOps {
  static constexpr Timed<Phase::embed, FastOps<float>::embedding_forward> embedding_forward{};
  static constexpr Timed<Phase::embed, FastOps<float>::embedding_backward> embedding_backward{};
  static constexpr Timed<Phase::norms, FastOps<float>::rmsnorm_forward> rmsnorm_forward{};
  static constexpr Timed<Phase::norms, FastOps<float>::rmsnorm_backward> rmsnorm_backward{};
  static constexpr Timed<Phase::linear_forward, FastOps<float>::linear_forward> linear_forward{};
  static constexpr Timed<Phase::attention, FastOps<float>::attention_forward> attention_forward{};
  static constexpr Timed<Phase::attention, FastOps<float>::attention_backward> attention_backward{};
  static constexpr Timed<Phase::norms, FastOps<float>::residual_forward> residual_forward{};
  static constexpr Timed<Phase::norms, FastOps<float>::dropout> dropout{};
  static constexpr Timed<Phase::activation, FastOps<float>::activation_forward> activation_forward{};
  static constexpr Timed<Phase::activation, FastOps<float>::activation_backward> activation_backward{};
  static constexpr Timed<Phase::loss, FastOps<float>::cross_entropy_forward> cross_entropy_forward{};
  static constexpr Timed<Phase::loss, FastOps<float>::cross_entropy_backward> cross_entropy_backward{};

  static void linear_backward(Out<float> dx, Out<float> dw, In<float> dy, In<float> x, In<float> w) {
    Timed<Phase::linear_backward, fast::linear_input_gradient<float>>()(dx, dy, w);
    Timed<Phase::weight_gradients, fast::linear_weight_gradient<float>>()(dw, dy, x);
  }
};

}  // namespace

PhaseTimes phase_seconds(const BenchSetting& setting, double seconds) {
  const ModelConfig& model = setting.model;
  const auto documents = static_cast<std::size_t>(setting.batch_size);
  const BenchText text(model, documents);
  Batch whole;
  for (std::size_t d = 0; d < documents; ++d) {
    whole.add(text.tokenizer().encode(text.examples()[d]));
  }
  std::vector<Shard> cut;
  cut_into_shards(whole, is_large(model), cut);
  std::vector<Batch> shards(cut.size());
  for (std::size_t s = 0; s < cut.size(); ++s) shards[s].assign(whole, cut[s].begin, cut[s].end);

  Parameters<float> parameters(model);
  Rng rng(42);
  initialize(parameters, InitConfig{}, rng);
  Parameters<float> m(model);
  Parameters<float> v(model);
  Parameters<float> gradient(model);
  std::size_t most_positions = 0;
  for (const Batch& shard : shards) most_positions = std::max(most_positions, shard.positions());
  Activations<float> a(model, most_positions, Keep::values);
  Activations<float> da(model, most_positions, Keep::gradients);
  const std::vector<float> weight(whole.positions(), 1.0F / static_cast<float>(whole.positions()));
  TrainConfig config;
  config.learning_rate = 0;  // the few documents here would soon be known by heart

  int step = 0;
  const auto train_step = [&] {
    gradient.set_zero();
    for (const Batch& shard : shards) {
      if (!is_large(model)) gradient.set_zero();
      a.reshape(shard);
      da.reshape(shard);
      forward_pass<TimedOps>(model, parameters, shard, a);
      backward_pass<TimedOps>(model, parameters, shard, std::span(weight).first(shard.positions()), a, da,
                              gradient);
    }
    Timed<Phase::adam, adam_update<float>>()(parameters.values(), m.values(), v.values(), gradient.values(),
                                             config, step++, 1.0F, 0);
  };
  train_step();  // caches and pages
  times = {};
  step = 0;
  const auto start = Clock::now();
  do train_step();
  while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
  PhaseTimes mean = times;
  for (double& time : mean) time /= step;
  return mean;
}

}  // namespace microgpt
