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
  /// The parameters must outlive the decoder.
  Decoder(const ModelConfig& config, const Parameters<T>& parameters);

  /// Reads a token at the next position; returns the logits (V) of what follows it, valid until the
  /// next call. There is room for block_size tokens.
  std::span<const T> read(int token);

  /// Tokens read since the start.
  [[nodiscard]] int position() const { return position_; }

  /// Forgets all that was read.
  void restart() { position_ = 0; }

 private:
  struct LayerCache {
    Matrix<T> k, v;  // (T, C); rows 0 ... position-1 are filled
  };

  const ModelConfig& config_;
  const Parameters<T>& w_;
  int position_ = 0;
  std::vector<LayerCache> cache_;
  Matrix<T> embed_, x_, norm_, scale_, q_, z_, out_;  // one row each
  Matrix<T> hidden_, active_;                         // (1, 4C)
  Matrix<T> scores_, pattern_;                        // (1, T)
  Matrix<T> logits_;                                  // (1, V)
};

}  // namespace microgpt
