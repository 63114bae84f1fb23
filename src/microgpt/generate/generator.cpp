#include "microgpt/generate/generator.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/base/error.hpp"
#include "microgpt/nn/softmax.hpp"

namespace microgpt {

template <class T>
Generator<T>::Generator(const ModelConfig& config, const Parameters<T>& parameters)
    : block_size_(config.block_size),
      bos_(config.vocab_size - 1),
      decoder_(config, parameters),
      scaled_(static_cast<std::size_t>(config.vocab_size)),
      probabilities_(scaled_.size()) {}

template <class T>
std::vector<int> Generator<T>::generate(std::span<const int> prompt, const GenerateOptions& options,
                                        Rng& rng) {
  decoder_.restart();
  std::vector<int> tokens = {bos_};
  std::span<const T> logits = decoder_.read(bos_);
  for (const int token : prompt) {
    logits = read(tokens, token);
    tokens.push_back(token);
  }
  while (static_cast<int>(tokens.size()) <= options.max_length) {
    const int token = draw(logits, options.temperature, rng);
    if (token == bos_) break;
    if (static_cast<int>(tokens.size()) < options.max_length) logits = read(tokens, token);
    tokens.push_back(token);
  }
  tokens.erase(tokens.begin());
  return tokens;
}

template <class T>
std::span<const T> Generator<T>::read(std::span<const int> before, int next) {
  if (decoder_.position() == block_size_) {
    decoder_.restart();
    for (const int token : before.last(static_cast<std::size_t>(block_size_) / 2)) decoder_.read(token);
  }
  return decoder_.read(next);
}

template <class T>
int Generator<T>::draw(std::span<const T> logits, double temperature, Rng& rng) {
  if (std::any_of(logits.begin(), logits.end(), [](T logit) { return std::isnan(logit); })) {
    throw Error(Fault::numeric, "cannot sample: a logit is not a number: the model's weights are damaged");
  }
  const auto max = std::max_element(logits.begin(), logits.end());
  if (temperature == 0) return static_cast<int>(max - logits.begin());
  // The maximum is taken off before the division, so that a temperature near 0 gives 0 and
  // -infinity.
  for (std::size_t i = 0; i < logits.size(); ++i) {
    scaled_[i] = static_cast<T>(static_cast<double>(logits[i] - *max) / temperature);
  }
  softmax_forward<T>(scaled_, scaled_);
  std::copy(scaled_.begin(), scaled_.end(), probabilities_.begin());
  return static_cast<int>(rng.choose(probabilities_));
}

template class Generator<float>;
template class Generator<double>;

}  // namespace microgpt
