#include "microgpt/generate/decoder.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "microgpt/nn/attention.hpp"
#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/linear.hpp"
#include "microgpt/nn/ops.hpp"

namespace microgpt {

namespace {

template <class T>
View<T> row(Arena<T>& numbers) {
  return {numbers.data(), 1, static_cast<Index>(numbers.size())};
}

}  // namespace

template <class T>
Decoder<T>::Decoder(const ModelConfig& config, const Parameters<T>& parameters)
    : config_(config), w_(parameters), cache_(static_cast<std::size_t>(config.n_layer)), scale_(1) {
  const auto C = static_cast<std::size_t>(config.n_embd);
  const auto block_size = static_cast<std::size_t>(config.block_size);
  for (Arena<T>* one : {&embed_, &x_, &norm_, &z_, &out_}) one->resize(C);
  qkv_.resize(3 * C);
  hidden_.resize(4 * C);
  active_.resize(4 * C);
  scores_.resize(block_size);
  pattern_.resize(block_size);
  logits_.resize(static_cast<std::size_t>(config.vocab_size));
  for (LayerCache& layer : cache_) {
    layer.k.resize(block_size * C);
    layer.v.resize(block_size * C);
  }
  if constexpr (std::is_same_v<T, float>) {
    const float* weights = parameters.values().data();
    transposed_.resize(parameters.values().size());
    const auto transpose = [&](ConstView<float> w) {
      View<float>(transposed_.data() + (w.data() - weights), w.cols(), w.rows()) = w.transpose();
    };
    transpose(parameters.lm_head());
    for (int i = 0; i < config.n_layer; ++i) {
      transpose(parameters.attn_wqkv(i));
      transpose(parameters.attn_wo(i));
      transpose(parameters.mlp_fc1(i));
      transpose(parameters.mlp_fc2(i));
    }
  }
}

template <>
void Decoder<double>::linear(Arena<double>& y, Arena<double>& x, ConstView<double> w) {
  linear_forward<double>(row(y), row(x), w);
}

template <>
void Decoder<float>::linear(Arena<float>& y, Arena<float>& x, ConstView<float> w) {
  const float* transposed = transposed_.data() + (w.data() - w_.values().data());
  fast::row_product(w.rows(), w.cols(), x.data(), transposed, w.rows(), y.data());
}

template <>
void Decoder<double>::attention(LayerCache& cache) {
  const Index C = config_.n_embd;
  const Index D = config_.head_size();
  const Index seen = position_ + 1;
  View<double> q(qkv_.data(), 1, C);
  View<double> k(cache.k.data(), config_.block_size, C);
  View<double> v(cache.v.data(), config_.block_size, C);
  k.row(position_) = View<double>(qkv_.data() + C, 1, C);
  v.row(position_) = View<double>(qkv_.data() + 2 * C, 1, C);
  for (Index channel = 0; channel < C; channel += D) {
    attention_head_forward<double>(row(z_).middleCols(channel, D), row(scores_).leftCols(seen),
                                   row(pattern_).leftCols(seen), q.middleCols(channel, D),
                                   k.block(0, channel, seen, D), v.block(0, channel, seen, D));
  }
}

template <>
void Decoder<float>::attention(LayerCache& cache) {
  const Index C = config_.n_embd;
  const Index D = config_.head_size();
  const Index T = config_.block_size;
  const Index seen = position_ + 1;
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  float* const q = qkv_.data();
  for (Index c = 0; c < C; ++c) {
    cache.k.data()[c * T + position_] = q[C + c];
    q[c] *= scale;
  }
  std::copy_n(q + 2 * C, C, cache.v.data() + position_ * C);
  const auto count = static_cast<std::size_t>(seen);
  for (Index channel = 0; channel < C; channel += D) {
    fast::row_product(seen, D, q + channel, cache.k.data() + channel * T, T, scores_.data());
    fast::softmax_forward({pattern_.data(), count}, {scores_.data(), count});
    fast::row_product(D, seen, pattern_.data(), cache.v.data() + channel, C, z_.data() + channel);
  }
}

template <class T>
std::span<const T> Decoder<T>::read(int token) {
  if (position_ >= config_.block_size) throw std::logic_error("Decoder::read: the context is full");

  FastOps<T>::embedding_forward(row(embed_), {&token, 1}, {&position_, 1}, w_.wte(), w_.wpe());
  FastOps<T>::rmsnorm_forward(row(x_), row(scale_), row(embed_));

  for (int i = 0; i < config_.n_layer; ++i) {
    FastOps<T>::rmsnorm_forward(row(norm_), row(scale_), row(x_));
    linear(qkv_, norm_, w_.attn_wqkv(i));
    attention(cache_[static_cast<std::size_t>(i)]);
    linear(out_, z_, w_.attn_wo(i));
    row(x_) += row(out_);

    FastOps<T>::rmsnorm_forward(row(norm_), row(scale_), row(x_));
    linear(hidden_, norm_, w_.mlp_fc1(i));
    FastOps<T>::activation_forward(row(active_), row(hidden_), config_.activation);
    linear(out_, active_, w_.mlp_fc2(i));
    row(x_) += row(out_);
  }

  linear(logits_, x_, w_.lm_head());
  ++position_;
  return logits_;
}

template class Decoder<float>;
template class Decoder<double>;

}  // namespace microgpt
