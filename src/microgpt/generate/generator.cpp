#include "microgpt/generate/generator.hpp"

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>

namespace microgpt {

namespace {

/// Passes tokens on with their logits, but the last of them only when told to.
template <class T>
class HeldBack {
 public:
  explicit HeldBack(const typename Generator<T>::Seen& seen) : seen_(seen) {}

  /// Takes the next one, and passes on all but the last `count`.
  void add(int token, std::span<const T> logits, std::size_t count) {
    if (!seen_) return;
    if (waiting_.empty() && count == 0) return seen_(token, logits);
    waiting_.emplace_back(token, std::vector<T>(logits.begin(), logits.end()));
    pass_on(count);
  }
  /// Passes on all but the last `count`.
  void pass_on(std::size_t count) {
    while (waiting_.size() > count) {
      seen_(waiting_.front().first, waiting_.front().second);
      waiting_.pop_front();
    }
  }
  /// Forgets the last `count`.
  void drop(std::size_t count) { waiting_.resize(waiting_.size() - std::min(count, waiting_.size())); }

 private:
  const typename Generator<T>::Seen& seen_;
  std::deque<std::pair<int, std::vector<T>>> waiting_;
};

}  // namespace

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
  stopped_by_.reset();
  std::span<const T> logits;
  if (!options.stream) logits = decoder_.read(bos_);
  for (const int token : prompt) {
    if (seen) seen(token, logits);
    logits = decoder_.read(token);
  }
  std::vector<int> tokens(prompt.begin(), prompt.end());
  StopStrings stop = options.stop;
  HeldBack<T> held(seen);
  while (static_cast<int>(tokens.size()) < options.max_chars) {
    const int token = sampler_.draw(logits, options.sampler, rng, options.stream ? bos_ : -1);
    if (token == bos_) {
      held.add(token, logits, 0);
      break;
    }
    tokens.push_back(token);
    stopped_by_ = stop.read(token);
    held.add(token, logits, stop.held());
    if (stopped_by_) {
      const std::size_t length = stop.length(*stopped_by_);
      tokens.resize(tokens.size() - length);
      held.drop(length);
      break;
    }
    if (static_cast<int>(tokens.size()) < options.max_chars) logits = decoder_.read(token);
  }
  held.pass_on(0);
  return tokens;
}

template class Generator<float>;
template class Generator<double>;

}  // namespace microgpt
