#include "microgpt/generate/decoder.hpp"

#include <stdexcept>

#include "microgpt/nn/activation.hpp"
#include "microgpt/nn/attention.hpp"
#include "microgpt/nn/embedding.hpp"
#include "microgpt/nn/linear.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt {

template <class T>
Decoder<T>::Decoder(const ModelConfig& config, const Parameters<T>& parameters)
    : config_(config), w_(parameters), cache_(static_cast<std::size_t>(config.n_layer)) {
  const Index C = config.n_embd;
  for (Matrix<T>* row : {&embed_, &x_, &norm_, &q_, &z_, &out_}) row->resize(1, C);
  scale_.resize(1, 1);
  hidden_.resize(1, 4 * C);
  active_.resize(1, 4 * C);
  scores_.resize(1, config.block_size);
  pattern_.resize(1, config.block_size);
  logits_.resize(1, config.vocab_size);
  for (LayerCache& layer : cache_) {
    layer.k.resize(config.block_size, C);
    layer.v.resize(config.block_size, C);
  }
}

template <class T>
std::span<const T> Decoder<T>::read(int token) {
  if (position_ >= config_.block_size) throw std::logic_error("Decoder::read: the context is full");
  const Index D = config_.head_size();
  const Index seen = position_ + 1;

  embedding_forward<T>(embed_, {&token, 1}, {&position_, 1}, w_.wte(), w_.wpe());
  rmsnorm_forward<T>(x_, scale_, embed_);

  for (int i = 0; i < config_.n_layer; ++i) {
    auto& [k, v] = cache_[static_cast<std::size_t>(i)];
    rmsnorm_forward<T>(norm_, scale_, x_);
    linear_forward<T>(q_, norm_, w_.attn_wq(i));
    linear_forward<T>(k.middleRows(position_, 1), norm_, w_.attn_wk(i));
    linear_forward<T>(v.middleRows(position_, 1), norm_, w_.attn_wv(i));
    for (Index channel = 0; channel < config_.n_embd; channel += D) {
      attention_head_forward<T>(z_.middleCols(channel, D), scores_.leftCols(seen), pattern_.leftCols(seen),
                                q_.middleCols(channel, D), k.block(0, channel, seen, D),
                                v.block(0, channel, seen, D));
    }
    linear_forward<T>(out_, z_, w_.attn_wo(i));
    x_ += out_;

    rmsnorm_forward<T>(norm_, scale_, x_);
    linear_forward<T>(hidden_, norm_, w_.mlp_fc1(i));
    activation_forward<T>(active_, hidden_, config_.activation);
    linear_forward<T>(out_, active_, w_.mlp_fc2(i));
    x_ += out_;
  }

  linear_forward<T>(logits_, x_, w_.lm_head());
  ++position_;
  return {logits_.data(), static_cast<std::size_t>(logits_.size())};
}

template class Decoder<float>;
template class Decoder<double>;

}  // namespace microgpt
