// Tables of n-grams: what a model has to beat. A character is predicted from the n - 1 before it by how often
// it followed them in the training text, smoothed by interpolation as Witten and Bell (1991) do:
//
//   p_n(w | h) = (c(h w) + t(h) p_{n-1}(w | h')) / (c(h) + t(h))          p_0 = 1 / outcomes
//
// where h are the n - 1 characters before w, h' all but the first of them, c(h) counts what followed h and
// t(h) how many different characters did. Of a context that was never seen, p_n = p_{n-1}. Probabilities add
// up to 1. A document begins with BOS, which is a context like others, and its end is predicted like a
// character; contexts do not reach across documents.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

class NgramModel {
 public:
  static constexpr std::size_t kOrder = 5;
  using ByOrder = std::array<double, kOrder>;  // [n - 1] belongs to the n-gram

  /// `outcomes`: how many tokens may come next; the vocabulary's size, in a stream without BOS.
  explicit NgramModel(int outcomes);

  /// Counts a document's tokens; the first is context only (BOS).
  void count(std::span<const Token> document);

  /// p_1 … p_kOrder of `next` after the context, of which the last kOrder - 1 tokens matter.
  [[nodiscard]] ByOrder probabilities(std::span<const Token> context, Token next) const;

  /// Σ -log p in nats over a document's tokens but the first, for every n.
  [[nodiscard]] ByOrder nats(std::span<const Token> document) const;

 private:
  using Node = std::uint32_t;  // a sequence of up to kOrder tokens that was seen; 0 is the empty one
  static constexpr Node kUnseen = 0xffffffffU;
  using Contexts = std::array<Node, kOrder>;  // [k]: the last k tokens

  struct Counts {
    std::uint64_t seen = 0;      // c of the sequence itself, counted where it was predicted
    std::uint64_t followed = 0;  // c(h), of it as a context
    std::uint64_t types = 0;     // t(h)
  };

  [[nodiscard]] static std::uint64_t key(Node node, Token next);
  [[nodiscard]] Node find(Node node, Token next) const;
  [[nodiscard]] Contexts empty() const;
  [[nodiscard]] Contexts after(const Contexts& contexts, Token token) const;
  [[nodiscard]] ByOrder probabilities(const Contexts& contexts, Token next) const;
  Node add(Node node, Token next);

  int outcomes_;
  std::vector<Counts> counts_;                         // by node
  std::unordered_map<std::uint64_t, Node> followers_;  // of a node and a token
};

}  // namespace microgpt
