// A decoder that never fills up: texts may be longer than the model's context.
//
// Where block_size tokens have been read, the window slides by half: the last ⌊block_size / 2⌋ of them are
// read again from position 0 on, and reading goes on behind them. So a token is predicted from at least
// the last ⌊block_size / 2⌋ + 1 tokens and at most the last block_size, at a cost of less than two reads a
// token. (Sliding by one would read the whole context again for each.)
#pragma once

#include <span>
#include <vector>

#include "microgpt/generate/decoder.hpp"

namespace microgpt {

template <class T>
class SlidingDecoder {
 public:
  /// The config and the parameters must outlive the decoder.
  SlidingDecoder(const ModelConfig& config, const Parameters<T>& parameters)
      : block_size_(static_cast<std::size_t>(config.block_size)), decoder_(config, parameters) {}

  /// Forgets all that was read.
  void restart() {
    decoder_.restart();
    window_.clear();
  }

  /// Reads a token; returns the logits (V) of what follows it, valid until the next call.
  std::span<const T> read(int token) {
    if (window_.size() == block_size_) {
      window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(block_size_ / 2));
      decoder_.restart();
      for (const int kept : window_) decoder_.read(kept);
    }
    window_.push_back(token);
    return decoder_.read(token);
  }

 private:
  std::size_t block_size_;
  Decoder<T> decoder_;
  std::vector<int> window_;  // what the decoder has read
};

}  // namespace microgpt
