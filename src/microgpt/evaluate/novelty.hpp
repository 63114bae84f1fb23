// Does a model invent or repeat? A text it wrote, beside the documents it was trained on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// Fewest characters to add, drop or change to make one of the other (Levenshtein's distance).
std::size_t edit_distance(std::span<const Token> a, std::span<const Token> b);

/// One text beside the training documents.
struct Novelty {
  std::size_t distance = 0;      ///< edits to the nearest document; 0: it stands in the training text
  std::size_t nearest = 0;       ///< that document, the first of them
  std::size_t copied = 0;        ///< characters of the longest piece that some document has too
  std::size_t copied_begin = 0;  ///< where it begins in the text, the first of them
  std::size_t copied_from = 0;   ///< a document that has it, the first of them
};

class NoveltyJudge {
 public:
  /// The documents' characters as tokens, 0 ... vocab_size - 1, without BOS; at least one document.
  NoveltyJudge(std::vector<std::vector<Token>> documents, int vocab_size);

  /// Time grows with the size of all documents. Without `nearest` (of a stream no document is near or far)
  /// distance and nearest stay 0.
  [[nodiscard]] Novelty judge(std::span<const Token> text, bool nearest = true) const;

 private:
  void find_nearest(std::span<const Token> text, Novelty& novelty) const;
  void find_copied(std::span<const Token> text, Novelty& novelty) const;

  std::vector<std::vector<Token>> documents_;
  std::vector<std::size_t> by_length_;  // their numbers, the shortest first
  int vocab_size_;
};

/// Where a figure of all possible samples lies with 95 % confidence, judging by those drawn.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Of a share, `hits` of `draws` (at least one): Wilson's (1927) score interval,
///
///   (p̂ + z²/2n ± z sqrt(p̂(1 - p̂)/n + z²/4n²)) / (1 + z²/n)     z = 1.96
Interval share_interval(std::size_t hits, std::size_t draws);

/// Of a mean of at least one number: mean ± 1.96 s / sqrt(n), with s² the sample's variance.
Interval mean_interval(std::span<const double> numbers);

}  // namespace microgpt
