// UTF-8: characters are Unicode code points, as in Python.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt {

/// True of every byte of a character but its first.
inline bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80;
}

/// Reads the code point that starts at bytes[at] and moves `at` past it. Call it on valid UTF-8
/// only.
char32_t next_code_point(std::string_view bytes, std::size_t& at);

/// Offset of the first byte that is not part of valid UTF-8, or npos. As strict as Python: no
/// overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t find_invalid_utf8(std::string_view bytes);

void append_utf8(std::string& bytes, char32_t code_point);

/// Number of code points of valid UTF-8.
std::size_t count_code_points(std::string_view bytes);

/// The first `most` characters of valid UTF-8, followed by "..." if there are more.
std::string shortened(std::string_view bytes, std::size_t most);

/// Number of bytes for which is_one(unsigned char) holds.
template <class IsOne>
std::size_t count_bytes(std::string_view bytes, IsOne&& is_one) {
  // In blocks short enough to count in one byte: the compiler then takes many bytes at a time.
  std::size_t count = 0;
  while (!bytes.empty()) {
    const auto block = bytes.substr(0, 128);
    unsigned char ones = 0;
    for (const char c : block) {
      ones = static_cast<unsigned char>(ones + (is_one(static_cast<unsigned char>(c)) ? 1 : 0));
    }
    count += ones;
    bytes.remove_prefix(block.size());
  }
  return count;
}

/// White space as Python's str.strip() knows it.
bool is_space(char32_t code_point);

/// `bytes` without the white space at both ends.
std::string_view strip(std::string_view bytes);

/// The text made safe for a terminal and for one line: control characters, direction marks and
/// invalid bytes appear as \n, \x1b, \u202e; everything else as it is.
std::string printable(std::string_view bytes);
/// The same in single quotes, as errors show a text.
std::string in_quotes(std::string_view bytes);

}  // namespace microgpt
