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
  const auto put = [&](Site site, Index offset) { return begin_[static_cast<std::size_t>(site)] = offset; };
  const Index resid_pre = put(Site::resid_pre, place(P_ * C_));
  put(Site::embed_norm, resid_pre);  // it is the first layer's
  put(Site::attn_norm, place(P_ * C_));
  attn_scale_ = place(P_);
  const Index qkv = put(Site::q, place(P_ * 3 * C_));
  put(Site::k, qkv + C_);
  put(Site::v, qkv + 2 * C_);
  put(Site::scores, place(pattern_size_));
  put(Site::pattern, place(pattern_size_));
  put(Site::z, place(P_ * C_));
  put(Site::attn_out, place(P_ * C_));
  put(Site::resid_mid, place(P_ * C_));
  put(Site::mlp_norm, place(P_ * C_));
  mlp_scale_ = place(P_);
  put(Site::mlp_pre, place(P_ * 4 * C_));
  put(Site::mlp_post, place(P_ * 4 * C_));
  put(Site::mlp_out, place(P_ * C_));
  put(Site::resid_post, layer_size_ = end);  // the next layer's resid_pre

  end = L_ * layer_size_;
  place(P_ * C_);  // resid_pre(L), which is resid_post(L - 1)
  put(Site::embed, place(P_ * C_));
  embed_scale_ = place(P_);
  put(Site::logits, place(P_ * V_));
  put(Site::probs, place(P_ * V_));
  nll_ = place(P_);

  if (values_.size() < static_cast<std::size_t>(end)) values_.resize(static_cast<std::size_t>(end));
}

template class Activations<float>;
template class Activations<double>;

}  // namespace microgpt
