#include "microgpt/generate/generator.hpp"

#include <stdexcept>

namespace microgpt {

template <class T>
Generator<T>::Generator(const ModelConfig& config, const Parameters<T>& parameters)
    : bos_(config.vocab_size - 1), decoder_(config, parameters), sampler_(config.vocab_size) {}

template <class T>
std::vector<int> Generator<T>::generate(std::span<const int> prompt, const GenerateOptions& options, Rng& rng,
                                        const Seen& seen) {
  if (options.stream && prompt.empty()) {
    throw std::logic_error("Generator::generate: a stream must have a prompt");
  }
  decoder_.restart();
  std::span<const T> logits;
  if (!options.stream) logits = decoder_.read(bos_);
  for (const int token : prompt) {
    if (seen) seen(token, logits);
    logits = decoder_.read(token);
  }
  std::vector<int> tokens(prompt.begin(), prompt.end());
  while (static_cast<int>(tokens.size()) < options.max_chars) {
    const int token = sampler_.draw(logits, options.sampler, rng, options.stream ? bos_ : -1);
    if (seen) seen(token, logits);
    if (token == bos_) break;
    tokens.push_back(token);
    if (static_cast<int>(tokens.size()) < options.max_chars) logits = decoder_.read(token);
  }
  return tokens;
}

template class Generator<float>;
template class Generator<double>;

}  // namespace microgpt
