#include "microgpt/evaluate/ngram.hpp"

#include <algorithm>
#include <cmath>

namespace microgpt {

NgramModel::NgramModel(int outcomes) : outcomes_(outcomes), counts_(1) {}

std::uint64_t NgramModel::key(Node node, Token next) {
  return (std::uint64_t{node} << 32U) | static_cast<std::uint32_t>(next);
}

NgramModel::Node NgramModel::find(Node node, Token next) const {
  if (node == kUnseen) return kUnseen;
  const auto found = followers_.find(key(node, next));
  return found == followers_.end() ? kUnseen : found->second;
}

NgramModel::Node NgramModel::add(Node node, Token next) {
  const auto [entry, fresh] = followers_.try_emplace(key(node, next), static_cast<Node>(counts_.size()));
  if (fresh) counts_.emplace_back();
  return entry->second;
}

NgramModel::Contexts NgramModel::empty() const {
  Contexts contexts;
  contexts.fill(kUnseen);
  contexts[0] = 0;
  return contexts;
}

NgramModel::Contexts NgramModel::after(const Contexts& contexts, Token token) const {
  Contexts longer = empty();
  for (std::size_t k = 0; k + 1 < kOrder; ++k) longer[k + 1] = find(contexts[k], token);
  return longer;
}

void NgramModel::count(std::span<const Token> document) {
  Contexts contexts = empty();
  for (std::size_t i = 0; i < document.size(); ++i) {
    Contexts longer = empty();
    for (std::size_t k = 0; k < kOrder && contexts[k] != kUnseen; ++k) {
      const Node node = add(contexts[k], document[i]);
      if (i > 0) {
        Counts& context = counts_[contexts[k]];
        ++context.followed;
        if (counts_[node].seen++ == 0) ++context.types;
      }
      if (k + 1 < kOrder) longer[k + 1] = node;
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
      const Node node = find(contexts[k], next);
      const double seen = node == kUnseen ? 0 : static_cast<double>(counts_[node].seen);
      const auto types = static_cast<double>(context.types);
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
  Contexts contexts = empty();
  for (std::size_t i = 0; i < document.size(); ++i) {
    if (i > 0) {
      const ByOrder p = probabilities(contexts, document[i]);
      for (std::size_t k = 0; k < kOrder; ++k) total[k] -= std::log(p[k]);
    }
    contexts = after(contexts, document[i]);
  }
  return total;
}

}  // namespace microgpt
