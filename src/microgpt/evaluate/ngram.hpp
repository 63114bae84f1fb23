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
#include <vector>

#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

class NgramModel {
 public:
  static constexpr std::size_t kOrder = 5;
  using ByOrder = std::array<double, kOrder>;  // [n - 1] belongs to the n-gram

  /// `outcomes`: how many tokens may come next; the vocabulary's size, in a stream without BOS.
  explicit NgramModel(int outcomes);

  /// Counts a document's tokens but the first, which is context only (BOS). A long one may come in pieces:
  /// each further piece begins with the last kOrder - 1 tokens of the one before, or all if it had fewer, and
  /// says in `read` how many these are.
  void count(std::span<const Token> document, std::size_t read = 1);

  /// p_1 … p_kOrder of `next` after the context, of which the last kOrder - 1 tokens matter.
  [[nodiscard]] ByOrder probabilities(std::span<const Token> context, Token next) const;

  /// Σ -log p in nats over a document's tokens but the first, for every n.
  [[nodiscard]] ByOrder nats(std::span<const Token> document) const;
  /// The same, added to `total`, of a document that may come in pieces as to count().
  void add_nats(std::span<const Token> document, std::size_t read, ByOrder& total) const;

 private:
  using Node = std::uint32_t;  // a context that was seen, of up to kOrder - 1 tokens; 0 is the empty one
  static constexpr Node kUnseen = 0xffffffffU;
  using Contexts = std::array<Node, kOrder>;  // [k]: the last k tokens

  struct Counts {
    std::uint64_t followed = 0;  // c(h), of it as a context
    std::uint32_t seen = 0;      // c of the sequence itself, counted where it was predicted
    std::uint32_t types = 0;     // t(h)
  };

  /// What follows a context: of a context and a token the longer context, or, where that would be kOrder
  /// tokens, how often they were seen: most sequences are of that length, and it is all that is asked of
  /// them.
  class Followers {
   public:
    /// The value of a context and a token, nothing if there is none. Gone with the next add().
    [[nodiscard]] const std::uint32_t* find(Node node, Token next) const;
    /// The same; made, with the value `fresh`, if there is none.
    std::uint32_t& add(Node node, Token next, std::uint32_t fresh);

   private:
    [[nodiscard]] std::size_t place_of(std::uint64_t key) const;
    void grow();

    // Open addressing: a key stands at its hash or in the next free place; a power of 2 of places.
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint32_t> values_;
    std::size_t size_ = 0;
  };

  [[nodiscard]] static Contexts empty();
  [[nodiscard]] Contexts after(const Contexts& contexts, Token token) const;
  [[nodiscard]] ByOrder probabilities(const Contexts& contexts, Token next) const;

  int outcomes_;
  std::vector<Counts> counts_;  // by node
  Followers followers_;
};

}  // namespace microgpt
