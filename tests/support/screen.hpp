// What a text takes on a screen, by a rule of the tests' own, and the escapes in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/text/utf8.hpp"

namespace microgpt::test {

/// The text without ANSI escapes, and without the carriage returns of a terminal.
inline std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else if (text[i] != '\r') {
      plain += text[i];
    }
  }
  return plain;
}

/// Columns of a line: two for ideographs, kana, Hangul and pictures, none for combining marks, one for all else.
inline std::size_t columns_of(const std::string& line) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < line.size();) {
    const char32_t c = next_code_point(line, at);
    const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0 && c != 0x303f)
                      || (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00)
                      || (c >= 0x1f300 && c < 0x1f900);
    columns += c >= 0x300 && c < 0x370 ? 0 : wide ? 2 : 1;
  }
  return columns;
}

/// Control characters, direction marks and bytes that are no UTF-8 that a text has beside newlines.
inline std::size_t raw_characters(const std::string& text) {
  if (find_invalid_utf8(text) != std::string::npos) return 1;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool raw = (c < 0x20 && c != U'\n') || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e)
                     || (c >= 0x2066 && c <= 0x2069);
    count += raw ? 1 : 0;
  }
  return count;
}

/// A piece of text on coloured ground, and its colour.
struct ColouredText {
  int colour = 0;
  std::string text;
};
inline std::vector<ColouredText> coloured_texts(const std::string& text) {
  const std::string begin = "\x1b[38;5;16;48;5;";
  std::vector<ColouredText> all;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto m = text.find('m', at);
    all.push_back(
        {std::stoi(text.substr(at + begin.size())), text.substr(m + 1, text.find('\x1b', m) - m - 1)});
  }
  return all;
}

}  // namespace microgpt::test
