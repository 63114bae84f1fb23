#include "microgpt/text/check_text.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/text/encoding_guess.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using namespace std::string_view_literals;

/// How far from the start the shape of a file is looked for.
constexpr std::size_t kStart = 4096;

/// The place of the first NUL in what is valid UTF-8 and looks like UTF-16 without a byte order mark:
/// of its first kilobytes every second byte is NUL, and no other. Otherwise npos.
std::size_t find_utf16(std::string_view bytes) {
  const auto start = bytes.substr(0, kStart);
  const std::size_t first = start.find('\0');
  if (start.size() < 8) return std::string_view::npos;  // too few to tell
  for (std::size_t i = 0; i < start.size(); ++i) {
    if ((start[i] == '\0') != (i % 2 == first)) return std::string_view::npos;
  }
  return first;
}

bool has_utf32_mark(std::string_view bytes) {
  return bytes.starts_with("\xff\xfe\0\0"sv) || bytes.starts_with("\0\0\xfe\xff"sv);
}

/// Whether one half of a surrogate pair of UTF-16 stands at bytes[at], written as if it were a character.
bool is_surrogate(std::string_view bytes, std::size_t at) {
  return bytes.size() - at >= 3 && bytes[at] == '\xed' && static_cast<unsigned char>(bytes[at + 1]) >= 0xa0
         && continues_character(bytes[at + 1]) && continues_character(bytes[at + 2]);
}

/// The place in a tar archive of what names its form.
constexpr std::size_t kTarMagic = 257;

/// What is refused though it may be plain ASCII: a file of another kind. Empty if it is none.
std::string foreign_kind(std::string_view bytes) {
  if (bytes.starts_with("%PDF-")) return "it is a PDF: save its text as a plain text file";
  if (bytes.starts_with("{\\rtf")) return "it is an RTF document: save its text as a plain text file";
  if (bytes.size() > kTarMagic && bytes.substr(kTarMagic).starts_with("ustar")) {
    return "it is a tar archive: unpack it first";
  }
  return "";
}

/// What bytes that are not UTF-8 look like by how they start: an archive or a picture. Empty if neither.
std::string binary_kind(std::string_view bytes) {
  constexpr std::pair<std::string_view, const char*> kArchives[] = {{"\x1f\x8b", "a gzip"},
                                                                    {"PK\x03\x04", "a zip"},
                                                                    {"\xfd"
                                                                     "7zXZ",
                                                                     "an xz"},
                                                                    {"\x28\xb5\x2f\xfd", "a zstd"},
                                                                    {"BZh", "a bzip2"},
                                                                    {"7z\xbc\xaf", "a 7z"}};
  for (const auto& [start, name] : kArchives) {
    if (bytes.starts_with(start)) return "it looks like " + std::string(name) + " archive: unpack it first";
  }
  return bytes.starts_with("\x89PNG") ? "it looks like a picture" : "";
}

/// Whether the bytes end within the character that begins at bytes[bad]: with some rest it would be whole.
bool ends_within_character(std::string_view bytes, std::size_t bad) {
  const std::string begun(bytes.substr(bad, 4));  // as long as a character can be
  for (const char* rest : {"\x80", "\x80\x80", "\x80\x80\x80", "\xbf", "\xbf\xbf", "\xbf\xbf\xbf"}) {
    if (find_invalid_utf8(begun + rest) == std::string::npos) return true;
  }
  return false;
}

/// Whether the bytes around bytes[bad] are UTF-8 for the most part: they have more characters beyond ASCII than bytes that
/// belong to none.
bool is_mostly_utf8(std::string_view bytes, std::size_t bad) {
  constexpr std::size_t kAround = std::size_t{1} << 15;
  std::size_t begin = bad - std::min(bad, kAround);
  while (begin < bad && continues_character(bytes[begin])) ++begin;
  auto rest = bytes.substr(begin, 2 * kAround);
  std::size_t valid = 0;
  std::size_t invalid = 0;
  while (!rest.empty()) {
    const std::size_t fault = find_invalid_utf8(rest);
    valid +=
        count_bytes(rest.substr(0, fault), [](unsigned char byte) { return byte >= 0xc0; });  // begins one
    if (fault == std::string_view::npos) break;
    ++invalid;
    rest.remove_prefix(fault + 1);
  }
  return valid > invalid;
}

/// A guess at what the bytes are, when they are not UTF-8 from bytes[bad] on.
std::string guess(std::string_view bytes, std::size_t bad) {
  if (has_utf32_mark(bytes)) return "it looks like UTF-32: train --encoding utf-32 converts it";
  if (looks_like_utf16(bytes)) return "it looks like UTF-16: train --encoding utf-16 converts it";
  if (std::string kind = binary_kind(bytes); !kind.empty()) return kind;
  if (std::string kind = foreign_kind(bytes); !kind.empty()) return kind;
  if (bytes.substr(0, kStart).find('\0') != std::string_view::npos) return "it looks like a binary file";
  if (is_surrogate(bytes, bad)) {
    return "there is half of a surrogate pair, which is not a character: write the text as UTF-8 again";
  }
  const bool mostly_utf8 = is_mostly_utf8(bytes, bad);
  const bool is_cut = ends_within_character(bytes, bad);
  const std::string cut = "the text ends in the middle of a character: it may be cut short";
  if (mostly_utf8 && is_cut) return cut;
  if (mostly_utf8) {
    return "most of the text is UTF-8: this place may be damaged, or pasted from a text in another encoding";
  }
  return (is_cut ? cut + "; or else " : "") + encoding_hint(bytes, bad);
}

}  // namespace

Error text_too_large(const std::string& name) {
  return {Fault::data, {.what = "too large", .where = name, .hint = "at most 4 GiB are read"}};
}

void check_text(std::string_view bytes, const std::string& name) {
  std::size_t bad = find_invalid_utf8(bytes);
  if (bad == std::string_view::npos) bad = find_utf16(bytes);
  if (bad == std::string_view::npos) {
    if (const std::string kind = foreign_kind(bytes); !kind.empty()) {
      throw Error(Fault::data, {.what = "not a text", .where = name, .hint = kind});
    }
    return;
  }
  const auto newlines = std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
  throw Error(Fault::data, {.what = "not valid UTF-8",
                            .where = name + ", " + place_in_text(static_cast<std::size_t>(newlines), bad),
                            .hint = guess(bytes, bad)});
}

std::string place_in_text(std::size_t newlines, std::size_t at) {
  return "line " + std::to_string(newlines + 1) + ", byte " + std::to_string(at);
}

bool looks_like_utf16(std::string_view bytes) {
  return bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff") || has_utf32_mark(bytes)
         || find_utf16(bytes) != std::string_view::npos;
}

std::string other_kind(std::string_view bytes) {
  std::string kind = foreign_kind(bytes);
  const bool is_text = !kind.empty() || find_invalid_utf8(bytes) == std::string_view::npos;
  return is_text ? kind : binary_kind(bytes);
}

}  // namespace microgpt
