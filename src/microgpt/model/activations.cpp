#include "microgpt/model/activations.hpp"

namespace microgpt {

namespace {

/// Documents of block_size positions each, whose head matrices are the largest.
Batch fullest_batch(const ModelConfig& config, std::size_t max_positions) {
  Batch fullest;
  const auto block_size = static_cast<std::size_t>(config.block_size);
  for (std::size_t left = max_positions; left > 0;) {
    const std::size_t n = std::min(left, block_size);
    fullest.add(std::vector<int>(n + 1));
    left -= n;
  }
  return fullest;
}

}  // namespace

template <class T>
Activations<T>::Activations(const ModelConfig& config, Keep keep)
    : L_(config.n_layer),
      C_(config.n_embd),
      H_(config.n_head),
      V_(config.vocab_size),
      keep_(keep),
      has_relu_(config.activation == Activation::relu) {}

template <class T>
Activations<T>::Activations(const ModelConfig& config, std::size_t max_positions, Keep keep)
    : Activations(config, keep) {
  reshape(fullest_batch(config, max_positions));
}

template <class T>
Index Activations<T>::numbers(const ModelConfig& config, std::size_t max_positions, Keep keep) {
  return Activations(config, keep).place(fullest_batch(config, max_positions));
}

template <class T>
Index Activations<T>::place(const Batch& batch) {
  P_ = static_cast<Index>(batch.positions());
  pattern_size_ = PatternLayout{batch.offsets, static_cast<int>(H_)}.room();

  Index end = 0;
  const auto room = [&](Index size) {
    constexpr Index kLine = 64 / static_cast<Index>(sizeof(T));
    const Index offset = end;
    end += (size + kLine - 1) / kLine * kLine;  // every matrix begins on a cache line
    return offset;
  };
  const auto put = [&](Site site, Index offset) { return begin_[static_cast<std::size_t>(site)] = offset; };
  const bool all = keep_ == Keep::everything;
  const bool values = keep_ == Keep::values;
  const bool dropout = keep_ == Keep::dropout_gradients;
  const bool gradients = keep_ == Keep::gradients || dropout;
  // The fast attention, of single precision, has no scores in its forward pass and no pattern's gradient.
  const bool both_of_heads = all || sizeof(T) == 8;

  const Index resid_pre = put(Site::resid_pre, room(P_ * C_));
  put(Site::embed_norm, resid_pre);  // it is the first layer's
  const Index attn_norm = put(Site::attn_norm, room(P_ * C_));
  attn_scale_ = room(P_);
  const Index qkv = put(Site::q, room(P_ * 3 * C_));
  put(Site::k, qkv + C_);
  put(Site::v, qkv + 2 * C_);
  put(Site::scores, room(both_of_heads || gradients ? pattern_size_ : 0));
  put(Site::pattern, room(both_of_heads || values ? pattern_size_ : 0));
  put(Site::z, gradients ? attn_norm : room(P_ * C_));
  const Index resid_mid = put(Site::resid_mid, gradients ? resid_pre : room(P_ * C_));
  put(Site::attn_out, all ? room(P_ * C_) : resid_mid);
  put(Site::mlp_norm, gradients ? attn_norm : room(P_ * C_));
  mlp_scale_ = room(P_);
  const Index mlp_pre = put(Site::mlp_pre, room(P_ * 4 * C_));
  put(Site::mlp_post, gradients || (values && has_relu_) ? mlp_pre : room(P_ * 4 * C_));
  const Index mlp_out = all ? room(P_ * C_) : 0;
  if (gradients) {
    layer_size_ = 0;
    put(Site::resid_post, resid_pre);
  } else {
    put(Site::resid_post, layer_size_ = end);  // the next layer's resid_pre
    end = L_ * layer_size_;
    room(P_ * C_);  // resid_pre(L), which is resid_post(L - 1)
  }
  put(Site::mlp_out, all ? mlp_out : begin_[static_cast<std::size_t>(Site::resid_post)]);
  if (dropout) {
    put(Site::attn_out, mlp_pre);  // of the MLP, which is done with by then
    put(Site::mlp_out, qkv);       // of the next layer's attention
  }
  put(Site::embed, room(P_ * C_));
  embed_scale_ = room(P_);
  put(Site::logits, room(P_ * token_step()));
  put(Site::probs, gradients ? 0 : room(P_ * token_step()));
  nll_ = room(P_);
  return end;
}

template <class T>
void Activations<T>::reshape(const Batch& batch) {
  const auto size = static_cast<std::size_t>(place(batch));
  if (values_.size() < size) values_.resize(size);
}

template class Activations<float>;
template class Activations<double>;

}  // namespace microgpt
