// Characters to ids and back (microgpt.py, "Let there be a Tokenizer"): the sorted distinct
// characters of the documents are 0 ... V-2, and V-1 is BOS, which both opens and closes a
// document.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/error.hpp"

namespace microgpt {

using Token = int;
struct Example;

class Tokenizer {
 public:
  /// The vocabulary of the documents: valid UTF-8, or whole texts of Datasets.
  explicit Tokenizer(std::span<const std::string_view> documents);

  /// A known vocabulary: code points in strictly ascending order.
  /// Throws Error (checkpoint) if they are not, or are no Unicode characters.
  explicit Tokenizer(std::vector<char32_t> characters);

  [[nodiscard]] int vocab_size() const { return static_cast<int>(characters_.size()) + 1; }
  [[nodiscard]] Token bos() const { return static_cast<Token>(characters_.size()); }
  [[nodiscard]] std::span<const char32_t> characters() const { return characters_; }
  /// Whether both have the same vocabulary.
  bool operator==(const Tokenizer& other) const { return characters_ == other.characters_; }

  /// Appends the ids of the text's characters. Throws Error (data), naming the character, if the
  /// vocabulary lacks one.
  void encode(std::string_view text, std::vector<Token>& tokens) const;
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const;
  /// The same of an example (text/examples.hpp), with BOS where it opens or closes a document.
  void encode(const Example& example, std::vector<Token>& tokens) const;
  [[nodiscard]] std::vector<Token> encode(const Example& example) const;

  /// Offset of the first character of the text that the vocabulary lacks, or npos.
  [[nodiscard]] std::size_t find_unknown(std::string_view text) const;
  /// What to throw of such a character; `where`, if not empty, says where it stands.
  [[nodiscard]] Error unknown_character(char32_t character, const std::string& where) const;

  /// The text of the ids, as UTF-8; BOS has none.
  [[nodiscard]] std::string decode(std::span<const Token> tokens) const;

 private:
  void index_ascii();
  /// -1 if the vocabulary lacks it.
  [[nodiscard]] Token id_of(char32_t character) const;

  std::vector<char32_t> characters_;
  std::array<Token, 128> ascii_{};  // id of an ASCII character, -1 if it is not in the vocabulary
};

}  // namespace microgpt
