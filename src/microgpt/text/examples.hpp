// What training takes at a time: pieces of a text that fit the model's context. Millions of them are
// kept as nothing but the places where they start, of 4 bytes each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "microgpt/base/rng.hpp"
#include "microgpt/text/dataset.hpp"

namespace microgpt {

/// A piece of text that fits the model's context.
struct Example {
  std::string_view text;
  bool opens = true;   ///< BOS stands before the text
  bool closes = true;  ///< BOS stands after it

  /// Number of predictions: one less than its tokens.
  [[nodiscard]] std::size_t positions() const;
};

enum class LongDocuments {
  cut,    ///< keep the first block_size predictions, as microgpt.py does
  split,  ///< go on in further examples, so that every character is predicted once
};

/// Bytes from the start of a text, which holds fewer than 2^32.
using Place = std::uint32_t;

/// Appends the places of a document's examples after the first, as many as it takes to predict every
/// character. An example's place is that of the first character it predicts, or of the document's end; it
/// reads the character before, or BOS at the start of a document. The document starts at `begin` and has
/// so many characters.
void add_further_examples(std::string_view document, std::size_t begin, std::size_t characters,
                          std::size_t block_size, std::vector<Place>& places);

/// Examples by number.
class Examples {
 public:
  Examples() = default;

  /// Documents, by the places where they start, and parts of them: `text` is a Dataset's, and outlives
  /// this object.
  static Examples of_documents(std::string_view text, std::size_t block_size, std::vector<Place> places);

  /// The windows of block_size + 1 characters of a stream, one after the other: the first character of
  /// each is the last of the one before. The last may be shorter.
  static Examples consecutive_windows(std::string_view stream, std::size_t block_size);

  /// Windows of block_size + 1 characters of a stream, each drawn by a hash of its number and `key`: so
  /// nothing is to be kept, and example n is the same whatever was asked for before. The stream must
  /// hold that many characters.
  static Examples random_windows(std::string_view stream, std::size_t block_size, std::uint64_t key);

  /// Examples in a round; of random windows, the bytes that one may start in.
  [[nodiscard]] std::size_t size() const { return places_.empty() ? range_ : places_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// Example number n, counted round and round. There must be one.
  [[nodiscard]] Example operator[](std::uint64_t n) const;

  /// Positions of all examples together.
  [[nodiscard]] std::size_t positions() const;

  /// All of them or, if they have more positions than `most`, so many that are evenly spread over them: at least one, and
  /// the same each time. Not of random windows.
  [[nodiscard]] Examples sample(std::size_t most) const;

  /// The order becomes that of random.shuffle. Random windows have none.
  void shuffle(Rng& rng) { rng.shuffle(std::span(places_)); }

 private:
  [[nodiscard]] std::size_t draw(std::uint64_t n) const;

  std::string_view text_;
  std::size_t block_size_ = 0;
  bool has_documents_ = false;
  std::vector<Place> places_;
  std::size_t range_ = 0;  // of random windows: the first bytes of the stream, where one may start
  std::uint64_t key_ = 0;
};

}  // namespace microgpt
