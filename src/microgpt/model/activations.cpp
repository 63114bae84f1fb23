#include "microgpt/model/activations.hpp"

namespace microgpt {

template <class T>
Activations<T>::Activations(const ModelConfig& config, std::size_t max_positions)
    : L_(config.n_layer), C_(config.n_embd), H_(config.n_head), V_(config.vocab_size) {
  // The fullest batch: documents of block_size positions each, whose head matrices are the largest.
  Batch fullest;
  const auto block_size = static_cast<std::size_t>(config.block_size);
  for (std::size_t left = max_positions; left > 0;) {
    const std::size_t n = std::min(left, block_size);
    fullest.add(std::vector<int>(n + 1));
    left -= n;
  }
  reshape(fullest);
}

template <class T>
void Activations<T>::reshape(const Batch& batch) {
  P_ = static_cast<Index>(batch.positions());
  pattern_size_ = PatternLayout{batch.offsets, static_cast<int>(H_)}.room();

  Index end = 0;
  const auto place = [&](Index size) {
    constexpr Index kLine = 64 / static_cast<Index>(sizeof(T));
    const Index offset = end;
    end += (size + kLine - 1) / kLine * kLine;  // every matrix begins on a cache line
    return offset;
  };
  resid_pre_ = place(P_ * C_);
  attn_norm_ = place(P_ * C_);
  attn_scale_ = place(P_);
  qkv_ = place(P_ * 3 * C_);
  scores_ = place(pattern_size_);
  pattern_ = place(pattern_size_);
  z_ = place(P_ * C_);
  attn_out_ = place(P_ * C_);
  resid_mid_ = place(P_ * C_);
  mlp_norm_ = place(P_ * C_);
  mlp_scale_ = place(P_);
  mlp_pre_ = place(P_ * 4 * C_);
  mlp_post_ = place(P_ * 4 * C_);
  mlp_out_ = place(P_ * C_);
  layer_size_ = end;

  end = L_ * layer_size_;
  place(P_ * C_);  // resid_pre(L), which is resid_post(L - 1)
  embed_ = place(P_ * C_);
  embed_scale_ = place(P_);
  logits_ = place(P_ * V_);
  probs_ = place(P_ * V_);
  nll_ = place(P_);

  if (values_.size() < static_cast<std::size_t>(end)) values_.resize(static_cast<std::size_t>(end));
}

template class Activations<float>;
template class Activations<double>;

}  // namespace microgpt
