#include "microgpt/text/token_text.hpp"

#include <algorithm>

#include "microgpt/base/file.hpp"
#include "microgpt/text/near_characters.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

[[noreturn]] void refuse(const std::string& option, std::string_view text, const std::string& why) {
  throw bad_option(option, in_quotes(text), why);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The digits after \x, \u or \u{: as many as there are, at most `most`. `at` moves past them.
std::size_t take_hex(std::string_view text, std::size_t& at, std::size_t most, char32_t& value) {
  std::size_t count = 0;
  value = 0;
  for (; count < most && at < text.size() && hex_digit(text[at]) >= 0; ++count, ++at) {
    value = value * 16 + static_cast<char32_t>(hex_digit(text[at]));
  }
  return count;
}

bool is_character(char32_t c) {
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

}  // namespace

std::string character_text(std::string_view character) {
  if (character == "'" || character == "\\") return "'\\" + std::string(character) + "'";
  return in_quotes(character);
}

std::string token_text(const Tokenizer& tokenizer, Token token) {
  if (token == tokenizer.bos()) return "BOS";
  return character_text(tokenizer.decode({&token, 1}));
}

std::string unescaped(std::string_view text, const std::string& option) {
  constexpr std::string_view kNames = "ntr\\'\"";
  constexpr std::string_view kMeanings = "\n\t\r\\'\"";
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at++];
      continue;
    }
    const char kind = text[at + 1];
    if (const auto name = kNames.find(kind); name != std::string_view::npos) {
      plain += kMeanings[name];
      at += 2;
      continue;
    }
    if (kind != 'x' && kind != 'u') {
      plain += text[at++];
      continue;
    }
    at += 2;
    const bool braces = kind == 'u' && at < text.size() && text[at] == '{';
    if (braces) ++at;
    char32_t value = 0;
    const std::size_t most = braces ? 6 : kind == 'x' ? 2 : 4;
    const std::size_t digits = take_hex(text, at, most, value);
    const bool closed = !braces || (at < text.size() && text[at] == '}');
    if (braces && closed) ++at;
    if (digits == 0 || (!braces && digits != most) || !closed || !is_character(value)) {
      refuse(option, text,
             "write \\x with two hexadecimal digits, \\u with four, or \\u{...} for any character; a "
             "backslash itself is \\\\");
    }
    append_utf8(plain, value);
  }
  return plain;
}

Token parse_token(const Tokenizer& tokenizer, std::string_view text, const std::string& option) {
  if (text == "BOS") return tokenizer.bos();
  if (find_invalid_utf8(text) != std::string::npos) refuse(option, text, "it is not valid UTF-8");
  std::string_view inside = text;
  if (text.size() >= 3 && text.front() == '\'' && text.back() == '\'')
    inside = text.substr(1, text.size() - 2);
  // A quote or a backslash alone is itself.
  const std::string character = inside.size() == 1 ? std::string(inside) : unescaped(inside, option);
  if (count_code_points(character) != 1) {
    refuse(option, text, "give one character, as a, ' ' or '\\n', or BOS");
  }
  require_known_characters(tokenizer, character, option);
  return tokenizer.encode(character).at(0);
}

std::string unknown_character_text(const Tokenizer& tokenizer, char32_t character) {
  constexpr std::size_t kMost = 100;
  const auto known = tokenizer.characters();
  std::string unknown, all;
  append_utf8(unknown, character);
  for (const char32_t one : known.first(std::min(kMost, known.size()))) append_utf8(all, one);
  std::string words =
      "the model does not know " + in_quotes(unknown) + near_characters_text(character, known);
  words +=
      ": its " + counted(known.size(), "character") + (known.size() == 1 ? " is " : " are ") + printable(all);
  return known.size() <= kMost ? words : words + " ... (microgpt info --all lists them)";
}

void require_known_characters(const Tokenizer& tokenizer, std::string_view text, const std::string& option,
                              const std::string& file) {
  std::size_t at = tokenizer.find_unknown(text);
  if (at == std::string_view::npos) return;
  const std::string where = file.empty() ? "" : file + ", " + place_in(text, at);
  const char32_t character = next_code_point(text, at);
  throw Error(
      Fault::data,
      {.what = "bad " + option, .where = where, .hint = unknown_character_text(tokenizer, character)});
}

std::string place_in(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 if there is none
  return "line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ", column "
         + std::to_string(count_code_points(before.substr(line_begin)) + 1);
}

void require_known(const Tokenizer& tokenizer, const std::string& path, std::string_view text) {
  std::size_t at = tokenizer.find_unknown(text);
  if (at == std::string_view::npos) return;
  const char32_t character = next_code_point(text, at);
  std::string bytes;
  append_utf8(bytes, character);
  // Of the file itself: what was read had its lines stripped. It may have changed since; then no place.
  const std::string file = read_file(path, Fault::data);
  const std::size_t place = file.find(bytes);
  if (place == std::string::npos) throw tokenizer.unknown_character(character, path);
  const std::string_view before = std::string_view(file).substr(0, place);
  std::size_t line = 1, line_begin = 0;
  for (std::size_t i = 0; i < place; ++i) {
    if (before[i] != '\n' && (before[i] != '\r' || file[i + 1] == '\n')) continue;
    ++line;
    line_begin = i + 1;
  }
  throw tokenizer.unknown_character(
      character, path + ", line " + std::to_string(line) + ", column "
                     + std::to_string(count_code_points(before.substr(line_begin)) + 1) + ", byte "
                     + std::to_string(place));
}

}  // namespace microgpt
