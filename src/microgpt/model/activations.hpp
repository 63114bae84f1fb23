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
#include <array>
#include <cstddef>
#include <span>

#include "microgpt/base/matrix.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/model/config.hpp"
#include "microgpt/model/sites.hpp"
#include "microgpt/nn/attention.hpp"

namespace microgpt {

/// What Activations have room for. Training saves memory: what no later step reads gives its place to another value.
enum class Keep {
  everything,  ///< each value in a place of its own
  /// What the backward pass reads. attn_out and mlp_out become resid_mid and resid_post, and relu's mlp_pre mlp_post.
  values,
  /// As gradients: of one layer at a time, and one of the residual stream, to which each branch adds.
  gradients,
  /// The same under dropout, which a branch's gradient goes through and that of the residual stream does not.
  dropout_gradients
};

template <class T>
class Activations {
 public:
  /// Room for batches of up to `max_positions` positions; more room is made when one needs it.
  Activations(const ModelConfig& config, std::size_t max_positions, Keep keep = Keep::everything);

  /// How many numbers that room is.
  static Index numbers(const ModelConfig& config, std::size_t max_positions, Keep keep);

  /// Takes the shape of this batch. Values are undefined afterwards.
  void reshape(const Batch& batch);

  [[nodiscard]] Index positions() const { return P_; }

  /// The values of a site (P, columns); of scores and pattern, which have a matrix for each head of each document
  /// (PatternLayout), all numbers in one row. Not of embed_token and embed_position: only their sum is kept.
  ColumnsView<T> at(Site site, int layer) {
    const bool keys = info(site).kind == SiteKind::keys;
    const bool beside = site == Site::q || site == Site::k || site == Site::v;
    const Index cols = keys ? pattern_size_ : columns(site);
    const Index step = beside ? 3 * C_ : info(site).kind == SiteKind::tokens ? token_step() : cols;
    return {first(site, layer), keys ? 1 : P_, cols, Eigen::OuterStride<>(step)};
  }

  View<T> embed() { return rows(Site::embed); }
  View<T> embed_scale() { return column(embed_scale_); }
  View<T> resid_pre(int i) { return rows(Site::resid_pre, i); }
  View<T> attn_norm(int i) { return rows(Site::attn_norm, i); }
  View<T> attn_scale(int i) { return column(attn_scale_ + i * layer_size_); }
  View<T> qkv(int i) { return {first(Site::q, i), P_, 3 * C_}; }  // q, k and v side by side
  ColumnsView<T> q(int i) { return at(Site::q, i); }
  ColumnsView<T> k(int i) { return at(Site::k, i); }
  ColumnsView<T> v(int i) { return at(Site::v, i); }
  std::span<T> scores(int i) { return heads(Site::scores, i); }
  std::span<T> pattern(int i) { return heads(Site::pattern, i); }
  View<T> z(int i) { return rows(Site::z, i); }
  View<T> attn_out(int i) { return rows(Site::attn_out, i); }
  View<T> resid_mid(int i) { return rows(Site::resid_mid, i); }
  View<T> mlp_norm(int i) { return rows(Site::mlp_norm, i); }
  View<T> mlp_scale(int i) { return column(mlp_scale_ + i * layer_size_); }
  View<T> mlp_pre(int i) { return rows(Site::mlp_pre, i); }
  View<T> mlp_post(int i) { return rows(Site::mlp_post, i); }
  View<T> mlp_out(int i) { return rows(Site::mlp_out, i); }
  View<T> resid_post(int i) { return rows(Site::resid_post, i); }
  ColumnsView<T> logits() { return at(Site::logits, 0); }
  ColumnsView<T> probs() { return at(Site::probs, 0); }
  View<T> nll() { return column(nll_); }

 private:
  Activations(const ModelConfig& config, Keep keep);

  /// Finds a place for everything; returns how many numbers that takes.
  Index place(const Batch& batch);
  /// From one row of logits and probs to the next: whole cache lines, so that threads can write rows side by side.
  [[nodiscard]] Index token_step() const { return (V_ + 15) / 16 * 16; }
  [[nodiscard]] Index columns(Site site) const {
    const SiteKind kind = info(site).kind;
    return kind == SiteKind::neurons ? 4 * C_ : kind == SiteKind::tokens ? V_ : C_;
  }
  T* first(Site site, int layer) {
    const Index of_layer = info(site).in_layer ? layer * layer_size_ : 0;
    return &values_[static_cast<std::size_t>(begin_[static_cast<std::size_t>(site)] + of_layer)];
  }
  View<T> rows(Site site, int layer = 0) { return {first(site, layer), P_, columns(site)}; }
  View<T> column(Index begin) { return {&values_[static_cast<std::size_t>(begin)], P_, 1}; }
  std::span<T> heads(Site site, int layer) {
    return {first(site, layer), static_cast<std::size_t>(pattern_size_)};
  }

  Index L_, C_, H_, V_;
  Keep keep_;
  bool has_relu_;
  Index P_ = 0;             // positions of the batch
  Index pattern_size_ = 0;  // room of the head matrices
  Arena<T> values_;

  // Where things begin: in a stretch per layer, here the first layer's, or after all of them.
  Index layer_size_ = 0;
  std::array<Index, kSites.size()> begin_{};
  Index attn_scale_ = 0, mlp_scale_ = 0, embed_scale_ = 0, nll_ = 0;
};

}  // namespace microgpt
