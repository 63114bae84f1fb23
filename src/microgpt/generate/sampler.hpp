// From logits to one token: a temperature, three filters, one draw.
//
//   p = softmax(logits / temperature)            logits that are masked out of it are left out
//   top-k    keeps the k most probable tokens
//   top-p    keeps the fewest most probable tokens whose p add up to at least top_p
//            (the nucleus, Holtzman et al. 2020)
//   min-p    keeps tokens with p >= min_p times the largest p (Nguyen et al. 2024)
//
// All three judge the same p, so their order does not matter; a token must pass each of them. The most
// probable one always does. Tokens of equal logits stand in the order of their ids. What is kept is drawn
// in proportion to p, with random.choices() as in microgpt.py.
#pragma once

#include <span>
#include <vector>

#include "microgpt/base/matrix.hpp"
#include "microgpt/base/rng.hpp"

namespace microgpt {

struct SamplerOptions {
  double temperature = 0.5;  ///< 0: always the most probable token
  int top_k = 0;             ///< 0: off
  double top_p = 1;          ///< 1: off
  double min_p = 0;          ///< 0: off
};

template <class T>
class Sampler {
 public:
  explicit Sampler(int vocab_size);

  /// Draws a token; of temperature 0 the first of the largest logits, without a draw. `masked` is a token
  /// that must not come, or -1. Throws Error (numeric) if a logit is NaN.
  int draw(std::span<const T> logits, const SamplerOptions& options, Rng& rng, int masked = -1);

  /// What a draw weighs its tokens by, for a temperature above 0: p where it is kept and else 0, so that the
  /// sum may be less than 1. Valid until the next call.
  std::span<const double> weights(std::span<const T> logits, const SamplerOptions& options, int masked = -1);

 private:
  void filter(std::span<const T> logits, const SamplerOptions& options, int masked);

  Arena<T> scaled_;              // scratch: logits, then probabilities
  std::vector<double> weights_;  // scratch
  std::vector<int> order_;       // scratch: tokens, the most probable first
};

}  // namespace microgpt
