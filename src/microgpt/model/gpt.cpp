#include "microgpt/model/gpt.hpp"

#include "microgpt/nn/activation.hpp"
#include "microgpt/nn/attention.hpp"
#include "microgpt/nn/cross_entropy.hpp"
#include "microgpt/nn/embedding.hpp"
#include "microgpt/nn/linear.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt {

template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& w, const Batch& batch, Activations<T>& a) {
  const PatternLayout heads{batch.offsets, config.n_head};
  a.reshape(batch);

  embedding_forward<T>(a.embed(), batch.token, batch.position, w.wte(), w.wpe());
  rmsnorm_forward<T>(a.resid_pre(0), a.embed_scale(), a.embed());

  for (int i = 0; i < config.n_layer; ++i) {
    rmsnorm_forward<T>(a.attn_norm(i), a.attn_scale(i), a.resid_pre(i));
    linear_forward<T>(a.q(i), a.attn_norm(i), w.attn_wq(i));
    linear_forward<T>(a.k(i), a.attn_norm(i), w.attn_wk(i));
    linear_forward<T>(a.v(i), a.attn_norm(i), w.attn_wv(i));
    attention_forward<T>(a.z(i), a.scores(i), a.pattern(i), a.q(i), a.k(i), a.v(i), heads);
    linear_forward<T>(a.attn_out(i), a.z(i), w.attn_wo(i));
    a.resid_mid(i) = a.resid_pre(i) + a.attn_out(i);

    rmsnorm_forward<T>(a.mlp_norm(i), a.mlp_scale(i), a.resid_mid(i));
    linear_forward<T>(a.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));
    activation_forward<T>(a.mlp_post(i), a.mlp_pre(i), config.activation);
    linear_forward<T>(a.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    a.resid_post(i) = a.resid_mid(i) + a.mlp_out(i);
  }

  linear_forward<T>(a.logits(), a.resid_pre(config.n_layer),
                    w.lm_head());  // no norm before lm_head
  cross_entropy_forward<T>(a.probs(), a.nll(), a.logits(), batch.target);
}

template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& w, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& dw) {
  const PatternLayout heads{batch.offsets, config.n_head};
  da.reshape(batch);
  da.set_zero();

  cross_entropy_backward<T>(da.logits(), a.probs(), batch.target, weight);
  linear_backward<T>(da.resid_pre(config.n_layer), dw.lm_head(), da.logits(), a.resid_pre(config.n_layer),
                     w.lm_head());

  for (int i = config.n_layer - 1; i >= 0; --i) {
    // forward: resid_post = resid_mid + mlp_out
    da.mlp_out(i) += da.resid_post(i);
    da.resid_mid(i) += da.resid_post(i);
    linear_backward<T>(da.mlp_post(i), dw.mlp_fc2(i), da.mlp_out(i), a.mlp_post(i), w.mlp_fc2(i));
    activation_backward<T>(da.mlp_pre(i), da.mlp_post(i), a.mlp_pre(i), config.activation);
    linear_backward<T>(da.mlp_norm(i), dw.mlp_fc1(i), da.mlp_pre(i), a.mlp_norm(i), w.mlp_fc1(i));
    rmsnorm_backward<T>(da.resid_mid(i), da.mlp_norm(i), a.resid_mid(i), a.mlp_scale(i));

    // forward: resid_mid = resid_pre + attn_out
    da.attn_out(i) += da.resid_mid(i);
    da.resid_pre(i) += da.resid_mid(i);
    linear_backward<T>(da.z(i), dw.attn_wo(i), da.attn_out(i), a.z(i), w.attn_wo(i));
    attention_backward<T>(da.q(i), da.k(i), da.v(i), da.scores(i), da.pattern(i), da.z(i), a.pattern(i),
                          a.q(i), a.k(i), a.v(i), heads);
    linear_backward<T>(da.attn_norm(i), dw.attn_wv(i), da.v(i), a.attn_norm(i), w.attn_wv(i));
    linear_backward<T>(da.attn_norm(i), dw.attn_wk(i), da.k(i), a.attn_norm(i), w.attn_wk(i));
    linear_backward<T>(da.attn_norm(i), dw.attn_wq(i), da.q(i), a.attn_norm(i), w.attn_wq(i));
    rmsnorm_backward<T>(da.resid_pre(i), da.attn_norm(i), a.resid_pre(i), a.attn_scale(i));
  }

  rmsnorm_backward<T>(da.embed(), da.resid_pre(0), a.embed(), a.embed_scale());
  embedding_backward<T>(dw.wte(), dw.wpe(), da.embed(), batch.token, batch.position);
}

#define MICROGPT_INSTANTIATE(T)                                                                             \
  template void gpt_forward<T>(const ModelConfig&, const Parameters<T>&, const Batch&, Activations<T>&);    \
  template void gpt_backward<T>(const ModelConfig&, const Parameters<T>&, const Batch&, std::span<const T>, \
                                Activations<T>&, Activations<T>&, Parameters<T>&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
