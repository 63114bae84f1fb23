#include "microgpt/text/tokenizer.hpp"

#include <algorithm>

#include "microgpt/text/dataset.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/near_characters.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

constexpr char32_t kCodePoints = 0x110000;

std::string name_of(char32_t c) {
  std::string bytes;
  append_utf8(bytes, c);
  std::string hex;
  for (int shift = c > 0xfffff ? 20 : c > 0xffff ? 16 : 12; shift >= 0; shift -= 4) {
    hex += "0123456789ABCDEF"[(c >> shift) & 0xfU];
  }
  return in_quotes(bytes) + ", U+" + hex;
}

}  // namespace

Tokenizer::Tokenizer(std::span<const std::string_view> documents) {
  std::vector<bool> seen(kCodePoints);
  std::array<bool, 256> is_known{};  // bytes that tell nothing new
  is_known[static_cast<unsigned char>(kDocumentEnd)] = true;
  for (const std::string_view document : documents) {
    for (std::size_t at = 0; at < document.size();) {
      // Soon there is mostly nothing new, which is quickly seen in many bytes at once.
      constexpr std::size_t kMany = 32;
      if (document.size() - at >= kMany) {
        bool all_known = true;
        for (std::size_t i = at; i < at + kMany; ++i) {
          all_known &= is_known[static_cast<unsigned char>(document[i])];
        }
        if (all_known) {
          at += kMany;
          continue;
        }
      }
      const auto byte = static_cast<unsigned char>(document[at]);
      if (is_known[byte]) {
        ++at;
      } else {
        seen[next_code_point(document, at)] = true;
        is_known[byte] = byte < 0x80;
      }
    }
  }
  for (char32_t c = 0; c < kCodePoints; ++c) {
    if (seen[c]) characters_.push_back(c);
  }
  index_ascii();
}

Tokenizer::Tokenizer(std::vector<char32_t> characters) : characters_(std::move(characters)) {
  if (!std::is_sorted(characters_.begin(), characters_.end(), std::less_equal<>())) {
    throw Error(Fault::checkpoint,
                {.what = "bad vocabulary", .hint = "its characters are not in strictly ascending order"});
  }
  for (const char32_t c : characters_) {
    if (c >= kCodePoints || (c >= 0xd800 && c <= 0xdfff)) {
      throw Error(Fault::checkpoint,
                  {.what = "bad vocabulary", .hint = "it holds something that is not a character"});
    }
  }
  index_ascii();
}

void Tokenizer::index_ascii() {
  ascii_.fill(-1);
  for (std::size_t id = 0; id < characters_.size() && characters_[id] < ascii_.size(); ++id) {
    ascii_[characters_[id]] = static_cast<Token>(id);
  }
}

Token Tokenizer::id_of(char32_t c) const {
  if (c < ascii_.size()) return ascii_[c];
  const auto found = std::lower_bound(characters_.begin(), characters_.end(), c);
  return found != characters_.end() && *found == c ? static_cast<Token>(found - characters_.begin()) : -1;
}

void Tokenizer::encode(std::string_view text, std::vector<Token>& tokens) const {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const Token id = id_of(c);
    if (id < 0) throw unknown_character(c, "");
    tokens.push_back(id);
  }
}

std::size_t Tokenizer::find_unknown(std::string_view text) const {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (id_of(next_code_point(text, at)) < 0) return begin;
  }
  return std::string_view::npos;
}

Error Tokenizer::unknown_character(char32_t character, const std::string& where) const {
  return Error(Fault::data, {.what = "unknown character",
                             .where = where,
                             .value = name_of(character),
                             .hint = "the model's vocabulary does not have it, only the "
                                     + counted(characters_.size(), "character") + " of its training text"
                                     + near_characters_text(character, characters_)});
}

std::vector<Token> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  encode(text, tokens);
  return tokens;
}

void Tokenizer::encode(const Example& example, std::vector<Token>& tokens) const {
  if (example.opens) tokens.push_back(bos());
  encode(example.text, tokens);
  if (example.closes) tokens.push_back(bos());
}

std::vector<Token> Tokenizer::encode(const Example& example) const {
  std::vector<Token> tokens;
  encode(example, tokens);
  return tokens;
}

std::string Tokenizer::decode(std::span<const Token> tokens) const {
  std::string text;
  for (const Token id : tokens) {
    if (id != bos()) append_utf8(text, characters_.at(static_cast<std::size_t>(id)));
  }
  return text;
}

}  // namespace microgpt
