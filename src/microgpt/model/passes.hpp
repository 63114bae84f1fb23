// The passes through the model, written once over a list of operations: which list is the caller's choice.
// Public functions: model/gpt.hpp.
#pragma once

#include <span>
#include <type_traits>

#include "microgpt/model/activations.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/model/config.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/model/sites.hpp"
#include "microgpt/nn/dropout.hpp"

namespace microgpt {

/// What a pass tells of each site, as soon as its values are computed: here nobody, at no cost. A tap that looks at
/// them, or changes them for all that follows, is also told of scores and pattern.
struct NoTap {
  void operator()(Site /*site*/, int /*layer*/ = 0) const {}
};

/// Where dropout is: on what enters the residual stream, which are the embedding and each layer's two branches.
constexpr int kEmbeddingDropout = 0;
constexpr int attn_dropout(int layer) {
  return 1 + 2 * layer;
}
constexpr int mlp_dropout(int layer) {
  return 2 + 2 * layer;
}

/// gpt_forward's, on this list of operations (nn/ops.hpp); `a` has the batch's shape.
template <class Ops, class T, class Tap = NoTap>
void forward_pass(const ModelConfig& config, const Parameters<T>& w, const Batch& batch, Activations<T>& a,
                  const Dropout& dropout = {}, const Tap& tap = {}, const Ops& ops = {}) {
  const PatternLayout heads{batch.offsets, config.n_head};
  const auto drop = [&](View<T> x, int place) {
    if (dropout) ops.dropout(x, dropout.at(place));
  };

  // clang-format off
  ops.embedding_forward(a.embed(), batch.token, batch.position, w.wte(), w.wpe());  tap(Site::embed);
  ops.rmsnorm_forward(a.resid_pre(0), a.embed_scale(), a.embed());
  drop(a.resid_pre(0), kEmbeddingDropout);                                          tap(Site::embed_norm);

  for (int i = 0; i < config.n_layer; ++i) {                                        tap(Site::resid_pre, i);
    ops.rmsnorm_forward(a.attn_norm(i), a.attn_scale(i), a.resid_pre(i));           tap(Site::attn_norm, i);
    ops.linear_forward(a.qkv(i), a.attn_norm(i), w.attn_wqkv(i));                   tap(Site::q, i);
                                                                                    tap(Site::k, i);
                                                                                    tap(Site::v, i);
    if constexpr (std::is_same_v<Tap, NoTap>) {
      ops.attention_forward(a.z(i), a.scores(i), a.pattern(i), a.q(i), a.k(i), a.v(i), heads);
    } else {
      ops.attention_scores(a.scores(i), a.q(i), a.k(i), heads);                     tap(Site::scores, i);
      ops.attention_pattern(a.pattern(i), a.scores(i), heads);                      tap(Site::pattern, i);
      ops.attention_values(a.z(i), a.pattern(i), a.v(i), heads);                    tap(Site::z, i);
    }
    ops.linear_forward(a.attn_out(i), a.z(i), w.attn_wo(i));
    drop(a.attn_out(i), attn_dropout(i));                                           tap(Site::attn_out, i);
    ops.residual_forward(a.resid_mid(i), a.resid_pre(i), a.attn_out(i));            tap(Site::resid_mid, i);

    ops.rmsnorm_forward(a.mlp_norm(i), a.mlp_scale(i), a.resid_mid(i));             tap(Site::mlp_norm, i);
    ops.linear_forward(a.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));                  tap(Site::mlp_pre, i);
    ops.activation_forward(a.mlp_post(i), a.mlp_pre(i), config.activation);         tap(Site::mlp_post, i);
    ops.linear_forward(a.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    drop(a.mlp_out(i), mlp_dropout(i));                                             tap(Site::mlp_out, i);
    ops.residual_forward(a.resid_post(i), a.resid_mid(i), a.mlp_out(i));            tap(Site::resid_post, i);
  }

  // No norm before lm_head.
  ops.linear_forward(a.logits(), a.resid_pre(config.n_layer), w.lm_head());         tap(Site::logits);
  ops.cross_entropy_forward(a.probs(), a.nll(), a.logits(), batch.target);          tap(Site::probs);
  // clang-format on
}

/// The gradient of a sum is that of each of its terms: a copy, where the two do not share their place.
template <class T>
void pass_on(View<T> to, View<T> from) {
  if (to.data() != from.data()) to = from;
}

/// gpt_backward's, on this list of operations.
template <class Ops, class T>
void backward_pass(const ModelConfig& config, const Parameters<T>& w, const Batch& batch,
                   std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& dw,
                   const Dropout& dropout = {}, const Ops& ops = {}) {
  const PatternLayout heads{batch.offsets, config.n_head};
  const auto drop = [&](View<T> dx, int place) {
    if (dropout) ops.dropout(dx, dropout.at(place));
  };

  ops.cross_entropy_backward(da.logits(), a.probs(), batch.target, weight);
  ops.linear_backward(da.resid_pre(config.n_layer), dw.lm_head(), da.logits(), a.resid_pre(config.n_layer),
                      w.lm_head());

  for (int i = config.n_layer - 1; i >= 0; --i) {
    // forward: resid_post = resid_mid + mlp_out: both have its gradient
    pass_on<T>(da.mlp_out(i), da.resid_post(i));
    pass_on<T>(da.resid_mid(i), da.resid_post(i));
    drop(da.mlp_out(i), mlp_dropout(i));
    ops.linear_backward(da.mlp_post(i), dw.mlp_fc2(i), da.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    ops.activation_backward(da.mlp_pre(i), da.mlp_post(i), a.mlp_pre(i), config.activation);
    ops.linear_backward(da.mlp_norm(i), dw.mlp_fc1(i), da.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));
    ops.rmsnorm_backward(da.resid_mid(i), da.mlp_norm(i), a.resid_mid(i), a.mlp_scale(i));

    // forward: resid_mid = resid_pre + attn_out
    pass_on<T>(da.attn_out(i), da.resid_mid(i));
    pass_on<T>(da.resid_pre(i), da.resid_mid(i));
    drop(da.attn_out(i), attn_dropout(i));
    ops.linear_backward(da.z(i), dw.attn_wo(i), da.attn_out(i), a.z(i), w.attn_wo(i));
    ops.attention_backward(da.q(i), da.k(i), da.v(i), da.scores(i), da.pattern(i), da.z(i), a.pattern(i),
                           a.q(i), a.k(i), a.v(i), heads);
    ops.linear_backward(da.attn_norm(i), dw.attn_wqkv(i), da.qkv(i), a.attn_norm(i), w.attn_wqkv(i));
    ops.rmsnorm_backward(da.resid_pre(i), da.attn_norm(i), a.resid_pre(i), a.attn_scale(i));
  }

  drop(da.resid_pre(0), kEmbeddingDropout);
  da.embed().setZero();
  ops.rmsnorm_backward(da.embed(), da.resid_pre(0), a.embed(), a.embed_scale());
  ops.embedding_backward(dw.wte(), dw.wpe(), da.embed(), batch.token, batch.position);
}

}  // namespace microgpt
