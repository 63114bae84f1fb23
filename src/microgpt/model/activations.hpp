// What the model computes on the way: every intermediate value of a forward pass, kept for the backward
// pass and for whoever wants to look. Each has one canonical name, the same in code, JSON and documents.
// In a layer the names begin with "layer{i}.", TransformerLens's with "blocks.{i}.".
//
// clang-format off
//   here           canonical name   shape     microgpt.py, in gpt()        TransformerLens
//   embed()        embed            (P, C)    tok_emb + pos_emb            (the sum of two hooks)
//   resid_pre(0)   embed.norm       (P, C)    x after the first rmsnorm    (has none)
//   resid_pre(i)   resid_pre        (P, C)    x_residual                   hook_resid_pre
//   attn_norm(i)   attn.norm        (P, C)    x after rmsnorm              ln1.hook_normalized
//   q, k, v(i)     attn.q|k|v       (P, C)    q, k, v                      attn.hook_q|k|v
//   scores(i)      attn.scores      Σ H n²    attn_logits                  attn.hook_attn_scores
//   pattern(i)     attn.pattern     Σ H n²    attn_weights                 attn.hook_pattern
//   z(i)           attn.z           (P, C)    x_attn                       attn.hook_z
//   attn_out(i)    attn.out         (P, C)    linear(x_attn, attn_wo)      hook_attn_out
//   resid_mid(i)   resid_mid        (P, C)    x after the first addition   hook_resid_mid
//   mlp_norm(i)    mlp.norm         (P, C)    x after rmsnorm              ln2.hook_normalized
//   mlp_pre(i)     mlp.pre          (P, 4C)   linear(x, mlp_fc1)           mlp.hook_pre
//   mlp_post(i)    mlp.post         (P, 4C)   relu                         mlp.hook_post
//   mlp_out(i)     mlp.out          (P, C)    linear(x, mlp_fc2)           hook_mlp_out
//   resid_post(i)  resid_post       (P, C)    x after the second addition  hook_resid_post
//   logits()       logits           (P, V)    logits                       logits
//   probs()        probs            (P, V)    probs                        (has none)
// clang-format on
//
// resid_post(i) is resid_pre(i + 1). Entries of scores above the diagonal belong to keys a query may not
// see and mean nothing. The *_scale columns hold r of rmsnorm. The gradients of all these are another
// object of the same type.
#pragma once

#include <algorithm>
#include <span>

#include "microgpt/base/matrix.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/model/config.hpp"
#include "microgpt/nn/attention.hpp"

namespace microgpt {

template <class T>
class Activations {
 public:
  /// Room for batches of up to `max_positions` positions; more room is made when one needs it.
  Activations(const ModelConfig& config, std::size_t max_positions);

  /// Takes the shape of this batch. Values are undefined afterwards.
  void reshape(const Batch& batch);

  [[nodiscard]] Index positions() const { return P_; }

  View<T> embed() { return at(embed_, C_); }
  View<T> embed_scale() { return at(embed_scale_, 1); }
  View<T> resid_pre(int i) { return at(resid_pre_ + i * layer_size_, C_); }
  View<T> attn_norm(int i) { return in_layer(i, attn_norm_, C_); }
  View<T> attn_scale(int i) { return in_layer(i, attn_scale_, 1); }
  View<T> qkv(int i) { return in_layer(i, qkv_, 3 * C_); }  // q, k and v side by side
  ColumnsView<T> q(int i) { return columns_of_qkv(i, 0); }
  ColumnsView<T> k(int i) { return columns_of_qkv(i, C_); }
  ColumnsView<T> v(int i) { return columns_of_qkv(i, 2 * C_); }
  std::span<T> scores(int i) { return heads(i, scores_); }
  std::span<T> pattern(int i) { return heads(i, pattern_); }
  View<T> z(int i) { return in_layer(i, z_, C_); }
  View<T> attn_out(int i) { return in_layer(i, attn_out_, C_); }
  View<T> resid_mid(int i) { return in_layer(i, resid_mid_, C_); }
  View<T> mlp_norm(int i) { return in_layer(i, mlp_norm_, C_); }
  View<T> mlp_scale(int i) { return in_layer(i, mlp_scale_, 1); }
  View<T> mlp_pre(int i) { return in_layer(i, mlp_pre_, 4 * C_); }
  View<T> mlp_post(int i) { return in_layer(i, mlp_post_, 4 * C_); }
  View<T> mlp_out(int i) { return in_layer(i, mlp_out_, C_); }
  View<T> resid_post(int i) { return resid_pre(i + 1); }
  View<T> logits() { return at(logits_, V_); }
  View<T> probs() { return at(probs_, V_); }
  View<T> nll() { return at(nll_, 1); }

 private:
  View<T> at(Index offset, Index cols) { return {&values_[static_cast<std::size_t>(offset)], P_, cols}; }
  View<T> in_layer(int layer, Index offset, Index cols) { return at(layer * layer_size_ + offset, cols); }
  ColumnsView<T> columns_of_qkv(int layer, Index first) {
    return {qkv(layer).data() + first, P_, C_, Eigen::OuterStride<>(3 * C_)};
  }
  std::span<T> heads(int layer, Index offset) {
    return {&values_[static_cast<std::size_t>(layer * layer_size_ + offset)],
            static_cast<std::size_t>(pattern_size_)};
  }

  Index L_, C_, H_, V_;
  Index P_ = 0;             // positions of the batch
  Index pattern_size_ = 0;  // room of the head matrices
  Arena<T> values_;

  // Where things lie: a stretch per layer, each beginning with its resid_pre; then the rest.
  Index layer_size_ = 0;
  Index resid_pre_ = 0;
  Index attn_norm_ = 0, attn_scale_ = 0, qkv_ = 0, scores_ = 0, pattern_ = 0, z_ = 0;
  Index attn_out_ = 0, resid_mid_ = 0, mlp_norm_ = 0, mlp_scale_ = 0, mlp_pre_ = 0, mlp_post_ = 0;
  Index mlp_out_ = 0;
  Index embed_ = 0, embed_scale_ = 0, logits_ = 0, probs_ = 0, nll_ = 0;
};

}  // namespace microgpt
