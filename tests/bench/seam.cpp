// What it costs training that a study can look in: the passes are written over a list of operations
// (model/passes.hpp), and here stands the same step with every fast operation called by its name. Their times
// must be the same within noise.
//
//   build/release/tests/microgpt_benchmarks --benchmark_filter=step --benchmark_repetitions=10
//                                            --benchmark_enable_random_interleaving=true
#include <benchmark/benchmark.h>

#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/ops.hpp"

namespace {

using namespace microgpt;

void forward_by_name(const ModelConfig& config, const Parameters<float>& w, const Batch& batch,
                     Activations<float>& a) {
  const PatternLayout heads{batch.offsets, config.n_head};
  a.reshape(batch);
  embedding_forward<float>(a.embed(), batch.token, batch.position, w.wte(), w.wpe());
  fast::rmsnorm_forward(a.resid_pre(0), a.embed_scale(), a.embed());
  for (int i = 0; i < config.n_layer; ++i) {
    fast::rmsnorm_forward(a.attn_norm(i), a.attn_scale(i), a.resid_pre(i));
    fast::linear_forward(a.qkv(i), a.attn_norm(i), w.attn_wqkv(i));
    fast::attention_forward(a.z(i), a.scores(i), a.pattern(i), a.q(i), a.k(i), a.v(i), heads);
    fast::linear_forward(a.attn_out(i), a.z(i), w.attn_wo(i));
    residual_forward<float>(a.resid_mid(i), a.resid_pre(i), a.attn_out(i));
    fast::rmsnorm_forward(a.mlp_norm(i), a.mlp_scale(i), a.resid_mid(i));
    fast::linear_forward(a.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));
    fast::activation_forward(a.mlp_post(i), a.mlp_pre(i), config.activation);
    fast::linear_forward(a.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    residual_forward<float>(a.resid_post(i), a.resid_mid(i), a.mlp_out(i));
  }
  fast::linear_forward(a.logits(), a.resid_pre(config.n_layer), w.lm_head());
  fast::cross_entropy_forward(a.probs(), a.nll(), a.logits(), batch.target);
}

void backward_by_name(const ModelConfig& config, const Parameters<float>& w, const Batch& batch,
                      std::span<const float> weight, Activations<float>& a, Activations<float>& da,
                      Parameters<float>& dw) {
  const PatternLayout heads{batch.offsets, config.n_head};
  da.reshape(batch);
  fast::cross_entropy_backward(da.logits(), a.probs(), batch.target, weight);
  fast::linear_backward(da.resid_pre(config.n_layer), dw.lm_head(), da.logits(), a.resid_pre(config.n_layer),
                        w.lm_head());
  for (int i = config.n_layer - 1; i >= 0; --i) {
    da.mlp_out(i) = da.resid_post(i);
    da.resid_mid(i) = da.resid_post(i);
    fast::linear_backward(da.mlp_post(i), dw.mlp_fc2(i), da.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    fast::activation_backward(da.mlp_pre(i), da.mlp_post(i), a.mlp_pre(i), config.activation);
    fast::linear_backward(da.mlp_norm(i), dw.mlp_fc1(i), da.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));
    fast::rmsnorm_backward(da.resid_mid(i), da.mlp_norm(i), a.resid_mid(i), a.mlp_scale(i));
    da.attn_out(i) = da.resid_mid(i);
    da.resid_pre(i) = da.resid_mid(i);
    fast::linear_backward(da.z(i), dw.attn_wo(i), da.attn_out(i), a.z(i), w.attn_wo(i));
    fast::attention_backward(da.q(i), da.k(i), da.v(i), da.scores(i), da.pattern(i), da.z(i), a.pattern(i),
                             a.q(i), a.k(i), a.v(i), heads);
    fast::linear_backward(da.attn_norm(i), dw.attn_wqkv(i), da.qkv(i), a.attn_norm(i), w.attn_wqkv(i));
    fast::rmsnorm_backward(da.resid_pre(i), da.attn_norm(i), a.resid_pre(i), a.attn_scale(i));
  }
  da.embed().setZero();
  fast::rmsnorm_backward(da.embed(), da.resid_pre(0), a.embed(), a.embed_scale());
  embedding_backward<float>(dw.wte(), dw.wpe(), da.embed(), batch.token, batch.position);
}

/// A step on names of seven characters, without Adam.
void step(benchmark::State& state, bool by_name) {
  const auto documents = static_cast<int>(state.range(0));
  const ModelConfig config{.n_layer = 1,
                           .n_embd = static_cast<int>(state.range(1)),
                           .n_head = 4,
                           .block_size = 16,
                           .vocab_size = 27};
  Parameters<float> w(config), gradient(config);
  Rng rng(42);
  initialize(w, {}, rng);
  Batch batch;
  for (int d = 0; d < documents; ++d) {
    std::vector<int> document = {26};
    for (int c = 0; c < 7; ++c) document.push_back((d * 7 + c * 5) % 26);
    document.push_back(26);
    batch.add(document);
  }
  const std::vector<float> weight(batch.positions(), 1.0F / static_cast<float>(batch.positions()));
  Activations<float> a(config, batch.positions()), da(config, batch.positions());
  for (auto _ : state) {
    if (by_name) {
      forward_by_name(config, w, batch, a);
      backward_by_name(config, w, batch, weight, a, da, gradient);
    } else {
      gpt_forward(config, w, batch, a, Kernels::fast);
      gpt_backward<float>(config, w, batch, weight, a, da, gradient, Kernels::fast);
    }
  }
}

BENCHMARK_CAPTURE(step, by_name, true)->Args({1, 16})->Args({16, 16})->Args({16, 64});
BENCHMARK_CAPTURE(step, through_the_list, false)->Args({1, 16})->Args({16, 16})->Args({16, 64});

}  // namespace
