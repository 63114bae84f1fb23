// Single operations, fast and readable side by side, over the widths of `microgpt bench` and 114 positions:
// the documents of a batch of 16 names.
//
//   build/release/tests/microgpt_benchmarks --benchmark_filter=attention
#include <benchmark/benchmark.h>

#include <vector>

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/ops.hpp"
#include "microgpt/train/adam.hpp"

namespace {

using namespace microgpt;

constexpr int kPositions = 114;
constexpr int kDocuments = 16;

/// A matrix of its own numbers.
struct Numbers {
  Arena<float> values;
  Index rows, cols;
  Numbers(Index r, Index c) : values(static_cast<std::size_t>(r * c)), rows(r), cols(c) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((i * 2654435761U) % 1000) / 500.0F - 1.0F;
    }
  }
  View<float> view() { return {values.data(), rows, cols}; }
};

std::vector<int> documents() {
  std::vector<int> offsets;
  for (int d = 0; d <= kDocuments; ++d) offsets.push_back(d * kPositions / kDocuments);
  return offsets;
}

/// Counts multiplications and additions of products as GFLOP/s.
void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

template <class Ops>
void linear_forward(benchmark::State& state) {
  const Index C = state.range(0);
  Numbers x(kPositions, C), w(4 * C, C), y(kPositions, 4 * C);
  for (auto _ : state) Ops::linear_forward(y.view(), x.view(), w.view());
  count_flops(state, 2.0 * kPositions * 4 * static_cast<double>(C * C));
}

template <class Ops>
void linear_backward(benchmark::State& state) {
  const Index C = state.range(0);
  Numbers x(kPositions, C), w(4 * C, C), dy(kPositions, 4 * C), dx(kPositions, C), dw(4 * C, C);
  for (auto _ : state) Ops::linear_backward(dx.view(), dw.view(), dy.view(), x.view(), w.view());
  count_flops(state, 4.0 * kPositions * 4 * static_cast<double>(C * C));
}

template <class Ops>
void attention(benchmark::State& state) {
  const Index C = state.range(0);
  const std::vector<int> offsets = documents();
  const PatternLayout layout{offsets, C == 128 ? 8 : 4};
  const auto room = static_cast<std::size_t>(layout.room());
  Arena<float> scores(room), pattern(room), dscores(room), dpattern(room);
  Numbers q(kPositions, C), k(kPositions, C), v(kPositions, C), z(kPositions, C);
  Numbers dq(kPositions, C), dk(kPositions, C), dv(kPositions, C);
  for (auto _ : state) {
    Ops::attention_forward(z.view(), scores, pattern, q.view(), k.view(), v.view(), layout);
    Ops::attention_backward(dq.view(), dk.view(), dv.view(), dscores, dpattern, z.view(), pattern, q.view(),
                            k.view(), v.view(), layout);
  }
}

template <class Ops>
void rmsnorm(benchmark::State& state) {
  const Index C = state.range(0);
  Numbers x(kPositions, C), y(kPositions, C), r(kPositions, 1), dx(kPositions, C);
  for (auto _ : state) {
    Ops::rmsnorm_forward(y.view(), r.view(), x.view());
    dx.view().setZero();
    Ops::rmsnorm_backward(dx.view(), y.view(), x.view(), r.view());
  }
}

template <class Ops>
void cross_entropy(benchmark::State& state) {
  const Index V = state.range(0);
  Numbers logits(kPositions, V), probs(kPositions, V), nll(kPositions, 1), dlogits(kPositions, V);
  const std::vector<int> target(kPositions, 0);
  const std::vector<float> weight(kPositions, 1.0F / kPositions);
  for (auto _ : state) {
    Ops::cross_entropy_forward(probs.view(), nll.view(), logits.view(), target);
    Ops::cross_entropy_backward(dlogits.view(), probs.view(), target, weight);
  }
}

void adam(benchmark::State& state) {
  const Index count = state.range(0);
  Numbers w(1, count), m(1, count), v(1, count), g(1, count);
  for (float& x : v.values) x = x * x;
  int step = 0;
  for (auto _ : state)
    adam_update<float>(w.values, m.values, v.values, g.values, TrainConfig{}, step++, 1.0F);
}

using Readable = ReadableOps<float>;

BENCHMARK(linear_forward<FastOps>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(linear_forward<Readable>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(linear_backward<FastOps>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(linear_backward<Readable>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(attention<FastOps>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(attention<Readable>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(rmsnorm<FastOps>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(rmsnorm<Readable>)->RangeMultiplier(2)->Range(16, 128);
BENCHMARK(cross_entropy<FastOps>)->Arg(27)->Arg(66);
BENCHMARK(cross_entropy<Readable>)->Arg(27)->Arg(66);
BENCHMARK(adam)->Arg(4192)->Arg(53952)->Arg(200000);

}  // namespace
