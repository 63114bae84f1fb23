// The model one token at a time: keys and values of the positions already read are kept (the KV
// cache, microgpt.py's keys and values), so each new token costs one row instead of the whole
// prefix.
#pragma once

#include <span>
#include <vector>

#include "microgpt/model/config.hpp"
#include "microgpt/model/parameters.hpp"

namespace microgpt {

template <class T>
class Decoder {
 public:
  /// The parameters must outlive the decoder, and in float not change meanwhile: it keeps a copy of the
  /// weights, transposed for products with single rows.
  Decoder(const ModelConfig& config, const Parameters<T>& parameters);

  /// Reads a token at the next position; returns the logits (V) of what follows it, valid until the
  /// next call. There is room for block_size tokens.
  std::span<const T> read(int token);

  /// Tokens read since the start.
  [[nodiscard]] int position() const { return position_; }

  /// Forgets all that was read.
  void restart() { position_ = 0; }

 private:
  /// Keys and values of the positions read, of one layer.
  struct LayerCache {
    Arena<T> k;  // (T, C); in float transposed, (C, T), so that a head's scores are a row times a matrix
    Arena<T> v;  // (T, C)
  };

  /// y = x wᵀ for the weights w of one tensor (or of attn_wqkv).
  void linear(Arena<T>& y, Arena<T>& x, ConstView<T> w);
  /// Adds the position's keys and values to the cache; z of its query.
  void attention(LayerCache& cache);

  const ModelConfig& config_;
  const Parameters<T>& w_;
  Arena<T> transposed_;  // float: every matrix transposed, in its place of the arena
  int position_ = 0;
  std::vector<LayerCache> cache_;
  Arena<T> embed_, x_, norm_, scale_, qkv_, z_, out_;  // one row each
  Arena<T> hidden_, active_;                           // (4C)
  Arena<T> scores_, pattern_;                          // (T)
  Arena<T> logits_;                                    // (V)
};

}  // namespace microgpt
