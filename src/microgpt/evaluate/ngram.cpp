#include "microgpt/evaluate/ngram.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace microgpt {

namespace {

constexpr std::uint64_t kNoKey = ~std::uint64_t{0};  // of no node

std::uint64_t key_of(std::uint32_t node, Token next) {
  return (std::uint64_t{node} << 32U) | static_cast<std::uint32_t>(next);
}

}  // namespace

NgramModel::NgramModel(int outcomes) : outcomes_(outcomes), counts_(1) {}

std::size_t NgramModel::Followers::place_of(std::uint64_t key) const {
  // Fibonacci hashing: the high half of the product depends on every bit of the key.
  const std::size_t mask = keys_.size() - 1;
  std::size_t place = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15U) >> 32U) & mask;
  while (keys_[place] != key && keys_[place] != kNoKey) place = (place + 1) & mask;
  return place;
}

void NgramModel::Followers::grow() {
  const auto keys =
      std::exchange(keys_, std::vector<std::uint64_t>(std::max<std::size_t>(64, 2 * keys_.size()), kNoKey));
  const auto values = std::exchange(values_, std::vector<std::uint32_t>(keys_.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == kNoKey) continue;
    const std::size_t place = place_of(keys[i]);
    keys_[place] = keys[i];
    values_[place] = values[i];
  }
}

const std::uint32_t* NgramModel::Followers::find(Node node, Token next) const {
  if (node == kUnseen || keys_.empty()) return nullptr;
  const std::size_t place = place_of(key_of(node, next));
  return keys_[place] == kNoKey ? nullptr : &values_[place];
}

std::uint32_t& NgramModel::Followers::add(Node node, Token next, std::uint32_t fresh) {
  if (4 * size_ >= 3 * keys_.size()) grow();
  const std::uint64_t key = key_of(node, next);
  const std::size_t place = place_of(key);
  if (keys_[place] == kNoKey) {
    ++size_;
    keys_[place] = key;
    values_[place] = fresh;
  }
  return values_[place];
}

NgramModel::Contexts NgramModel::empty() {
  Contexts contexts;
  contexts.fill(kUnseen);
  contexts[0] = 0;
  return contexts;
}

NgramModel::Contexts NgramModel::after(const Contexts& contexts, Token token) const {
  Contexts longer = empty();
  for (std::size_t k = 0; k + 1 < kOrder; ++k) {
    if (const auto* node = followers_.find(contexts[k], token)) longer[k + 1] = *node;
  }
  return longer;
}

void NgramModel::count(std::span<const Token> document, std::size_t read) {
  Contexts contexts = empty();
  for (std::size_t i = 0; i < document.size(); ++i) {
    Contexts longer = empty();
    for (std::size_t k = 0; k < kOrder && contexts[k] != kUnseen; ++k) {
      const bool whole = k + 1 == kOrder;
      std::uint32_t& value =
          followers_.add(contexts[k], document[i], whole ? 0 : static_cast<Node>(counts_.size()));
      if (!whole) {
        if (value == counts_.size()) counts_.emplace_back();
        longer[k + 1] = value;
      }
      if (i < read) continue;
      std::uint32_t& seen = whole ? value : counts_[value].seen;
      Counts& context = counts_[contexts[k]];
      ++context.followed;
      if (seen++ == 0) ++context.types;
    }
    contexts = longer;
  }
}

NgramModel::ByOrder NgramModel::probabilities(const Contexts& contexts, Token next) const {
  ByOrder by_order{};
  double p = 1.0 / outcomes_;
  for (std::size_t k = 0; k < kOrder; ++k) {
    if (contexts[k] != kUnseen && counts_[contexts[k]].followed > 0) {
      const Counts& context = counts_[contexts[k]];
      const std::uint32_t* found = followers_.find(contexts[k], next);
      const double seen = found == nullptr ? 0 : k + 1 == kOrder ? *found : counts_[*found].seen;
      const double types = context.types;
      p = (seen + types * p) / (static_cast<double>(context.followed) + types);
    }
    by_order[k] = p;
  }
  return by_order;
}

NgramModel::ByOrder NgramModel::probabilities(std::span<const Token> context, Token next) const {
  Contexts contexts = empty();
  for (const Token token : context.last(std::min(context.size(), kOrder - 1)))
    contexts = after(contexts, token);
  return probabilities(contexts, next);
}

NgramModel::ByOrder NgramModel::nats(std::span<const Token> document) const {
  ByOrder total{};
  add_nats(document, 1, total);
  return total;
}

void NgramModel::add_nats(std::span<const Token> document, std::size_t read, ByOrder& total) const {
  Contexts contexts = empty();
  for (std::size_t i = 0; i < document.size(); ++i) {
    if (i >= read) {
      const ByOrder p = probabilities(contexts, document[i]);
      for (std::size_t k = 0; k < kOrder; ++k) total[k] -= std::log(p[k]);
    }
    contexts = after(contexts, document[i]);
  }
}

}  // namespace microgpt
