// Does a model invent or repeat? A text it wrote, beside the documents it was trained on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
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
  /// At least one document; the documents, their texts and the tokenizer, which knows their characters, must outlive it.
  /// Beside them it takes 8 bytes for each document if `nearest` is asked for, and otherwise nothing: tokens are made
  /// of the text as they are needed. Without `nearest` (in a stream no document is near or far) distance and nearest
  /// stay 0.
  NoveltyJudge(std::span<const std::string_view> documents, const Tokenizer& tokenizer, bool nearest = true);

  /// Time grows with the size of all documents.
  [[nodiscard]] Novelty judge(std::span<const Token> text) const;

 private:
  void find_nearest(std::span<const Token> text, Novelty& novelty) const;
  void find_copied(std::span<const Token> text, Novelty& novelty) const;

  std::span<const std::string_view> documents_;
  const Tokenizer& tokenizer_;
  std::vector<std::uint32_t> length_;     // of each document, in characters
  std::vector<std::uint32_t> by_length_;  // their numbers, the shortest first
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
