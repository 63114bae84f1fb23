#include "microgpt/text/utf8.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace microgpt {

namespace {

constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

/// Length in bytes of the well-formed sequence at bytes[at], 0 if there is none
/// (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view bytes, std::size_t at) {
  const auto lead = byte_at(bytes, at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() - at < length) return 0;
  const auto second = byte_at(bytes, at + 1);
  const std::uint32_t lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(bytes, at + i) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

bool is_control_or_direction(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f
         || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(value >> shift) & 0xfU];
  }
}

}  // namespace

char32_t next_code_point(std::string_view bytes, std::size_t& at) {
  const auto lead = byte_at(bytes, at++);
  if (lead < 0x80) return lead;
  const int continuations = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  std::uint32_t code_point = lead & (0x3fU >> continuations);
  for (int i = 0; i < continuations; ++i) {
    code_point = code_point << 6 | (byte_at(bytes, at++) & 0x3fU);
  }
  return code_point;
}

std::size_t find_invalid_utf8(std::string_view bytes) {
  const auto is_ascii = [&](std::size_t at) {  // all 16 bytes from there on
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    return ((words[0] | words[1]) & 0x8080808080808080U) == 0;
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at >= 16 && is_ascii(at)) {
      at += 16;
      continue;
    }
    const auto length = sequence_length(bytes, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

void append_utf8(std::string& bytes, char32_t c) {
  const auto put = [&](std::uint32_t byte) { bytes += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3fU));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3fU));
    put(0x80 | (c & 0x3fU));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3fU));
    put(0x80 | (c >> 6 & 0x3fU));
    put(0x80 | (c & 0x3fU));
  }
}

std::size_t count_code_points(std::string_view bytes) {
  return count_bytes(bytes, [](unsigned char byte) { return (byte & 0xc0U) != 0x80; });
}

std::string shortened(std::string_view bytes, std::size_t most) {
  std::size_t at = 0;
  for (; most > 0 && at < bytes.size(); --most) next_code_point(bytes, at);
  return std::string(bytes.substr(0, at)) + (at < bytes.size() ? "..." : "");
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680
         || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f
         || c == 0x3000;
}

std::string_view strip(std::string_view bytes) {
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!bytes.empty() && is_plain(bytes.front()) && is_plain(bytes.back())) return bytes;
  std::size_t begin = 0;
  while (begin < bytes.size()) {
    std::size_t next = begin;
    if (!is_space(next_code_point(bytes, next))) break;
    begin = next;
  }
  std::size_t end = bytes.size();
  while (end > begin) {
    std::size_t last = end - 1;
    while ((byte_at(bytes, last) & 0xc0U) == 0x80) --last;
    std::size_t next = last;
    if (!is_space(next_code_point(bytes, next))) break;
    end = last;
  }
  return bytes.substr(begin, end - begin);
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    if (sequence_length(bytes, at) == 0) {
      out += "\\x";
      append_hex(out, byte_at(bytes, at++), 2);
      continue;
    }
    const std::size_t begin = at;
    const char32_t c = next_code_point(bytes, at);
    if (!is_control_or_direction(c)) {
      out += bytes.substr(begin, at - begin);
    } else if (c == U'\n') {
      out += "\\n";
    } else if (c == U'\t') {
      out += "\\t";
    } else if (c < 0x100) {
      out += "\\x";
      append_hex(out, c, 2);
    } else {
      out += "\\u";
      append_hex(out, c, 4);
    }
  }
  return out;
}

std::string in_quotes(std::string_view bytes) {
  return "'" + printable(bytes) + "'";
}

}  // namespace microgpt
