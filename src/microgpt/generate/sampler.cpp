#include "microgpt/generate/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/base/error.hpp"
#include "microgpt/nn/softmax.hpp"

namespace microgpt {

namespace {

/// The first of the largest logits, `masked` passed over.
template <class T>
std::size_t most_probable(std::span<const T> logits, int masked) {
  std::size_t best = masked == 0 ? 1 : 0;
  for (std::size_t i = best + 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best] && static_cast<int>(i) != masked) best = i;
  }
  return best;
}

template <class T>
void refuse_nan(std::span<const T> logits) {
  if (std::any_of(logits.begin(), logits.end(), [](T logit) { return std::isnan(logit); })) {
    throw Error(Fault::numeric, {.what = "cannot sample",
                                 .hint = "a logit is not a number: the model's weights are damaged"});
  }
}

}  // namespace

template <class T>
Sampler<T>::Sampler(int vocab_size)
    : scaled_(static_cast<std::size_t>(vocab_size)), weights_(scaled_.size()), order_(scaled_.size()) {}

template <class T>
int Sampler<T>::draw(std::span<const T> logits, const SamplerOptions& options, Rng& rng, int masked) {
  if (options.temperature == 0) {
    refuse_nan(logits);
    return static_cast<int>(most_probable(logits, masked));
  }
  weights(logits, options, masked);
  return static_cast<int>(rng.choose(weights_));
}

template <class T>
std::span<const double> Sampler<T>::weights(std::span<const T> logits, const SamplerOptions& options,
                                            int masked) {
  refuse_nan(logits);
  // The maximum is taken off before the division, so that a temperature near 0 gives 0 and
  // -infinity.
  const T max = logits[most_probable(logits, masked)];
  for (std::size_t i = 0; i < logits.size(); ++i) {
    scaled_[i] = static_cast<T>(static_cast<double>(logits[i] - max) / options.temperature);
  }
  if (masked >= 0) scaled_[static_cast<std::size_t>(masked)] = -std::numeric_limits<T>::infinity();
  softmax_forward<T>(scaled_, scaled_);
  std::copy(scaled_.begin(), scaled_.end(), weights_.begin());
  if (options.top_k > 0 || options.top_p < 1 || options.min_p > 0) filter(logits, options, masked);
  return weights_;
}

template <class T>
void Sampler<T>::filter(std::span<const T> logits, const SamplerOptions& options, int masked) {
  // By logits, not by p, where all that underflowed would look alike.
  order_.clear();
  for (int token = 0; token < static_cast<int>(logits.size()); ++token) {
    if (token != masked) order_.push_back(token);
  }
  std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  const auto p = [&](std::size_t rank) -> double& {
    return weights_[static_cast<std::size_t>(order_[rank])];
  };

  std::size_t kept = order_.size();
  if (options.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(options.top_k));
  if (options.top_p < 1) {
    double total = 0;
    for (std::size_t rank = 0; rank < order_.size(); ++rank) total += p(rank);
    double sum = 0;
    std::size_t nucleus = 0;
    while (nucleus < order_.size() && (nucleus == 0 || sum < options.top_p * total)) sum += p(nucleus++);
    kept = std::min(kept, nucleus);
  }
  if (options.min_p > 0) {
    const double least = options.min_p * p(0);
    std::size_t enough = 1;
    while (enough < order_.size() && p(enough) >= least) ++enough;
    kept = std::min(kept, enough);
  }
  for (std::size_t rank = kept; rank < order_.size(); ++rank) p(rank) = 0;
}

template class Sampler<float>;
template class Sampler<double>;

}  // namespace microgpt
