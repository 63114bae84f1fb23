#include "microgpt/evaluate/text_scorer.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/evaluate/score.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kMostWindows = 1 << 10;  // that wait until there are enough for all threads

}  // namespace

template <class T>
TextScorer<T>::TextScorer(const ModelConfig& config, const Parameters<T>& parameters, int threads, int masked)
    : config_(config), parameters_(parameters), masked_(masked), team_(threads), sums_(1) {
  workspaces_.reserve(static_cast<std::size_t>(team_.size()));
  for (int i = 0; i < team_.size(); ++i) workspaces_.emplace_back(config, 1, Keep::values);
}

template <class T>
void TextScorer<T>::add(std::span<const int> tokens, bool last) {
  const auto block_size = static_cast<std::size_t>(config_.block_size);
  rest_.insert(rest_.end(), tokens.begin(), tokens.end());
  std::span<const int> rest = rest_;
  while (rest.size() > block_size) {
    take(rest.first(block_size + 1));
    known_ = block_size / 2;
    rest = rest.subspan(block_size - known_);
  }
  if (last) {
    if (rest.size() > known_ + 1) take(rest);
    rest = {};
    known_ = 0;
    sums_.emplace_back();
  }
  rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(rest.size()));
}

template <class T>
void TextScorer<T>::take(std::span<const int> window) {
  windows_.push_back({sums_.size() - 1, known_, tokens_.size(), window.size()});
  tokens_.insert(tokens_.end(), window.begin(), window.end());
  if (windows_.size() == kMostWindows) read_windows();
}

template <class T>
void TextScorer<T>::read_windows() {
  const std::size_t batches = (windows_.size() + kWindowsTogether - 1) / kWindowsTogether;
  team_.run(static_cast<int>(batches), [&](int task, int worker) {
    const std::size_t first = static_cast<std::size_t>(task) * kWindowsTogether;
    read_together(std::span(windows_).subspan(first, std::min(kWindowsTogether, windows_.size() - first)),
                  workspaces_[static_cast<std::size_t>(worker)]);
  });
  for (const Window& window : windows_) {
    sums_[window.text] += {window.nats, window.size - 1 - window.known};
  }
  windows_.clear();
  tokens_.clear();
}

template <class T>
void TextScorer<T>::read_together(std::span<Window> windows, Activations<T>& a) const {
  Batch batch;
  for (const Window& window : windows) batch.add(std::span(tokens_).subspan(window.begin, window.size));
  gpt_forward<T>(config_, parameters_, batch, a);
  const auto logits = a.logits();
  const auto vocab_size = static_cast<std::size_t>(config_.vocab_size);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    for (int p = batch.offsets[w] + static_cast<int>(windows[w].known); p < batch.offsets[w + 1]; ++p) {
      const std::span<const T> row(&logits(p, 0), vocab_size);
      windows[w].nats += surprise<T>(row, batch.target[static_cast<std::size_t>(p)], masked_);
    }
  }
}

template <class T>
std::vector<LossSum> TextScorer<T>::finish() {
  read_windows();
  sums_.pop_back();  // of a text that has not begun
  std::vector<LossSum> sums = std::move(sums_);
  sums_.assign(1, {});
  return sums;
}

template class TextScorer<float>;
template class TextScorer<double>;

}  // namespace microgpt
