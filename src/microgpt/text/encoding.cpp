#include "microgpt/text/encoding.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/text/check_text.hpp"
#include "microgpt/text/encoding_guess.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

/// Names differ in hyphens and capitals alone: "UTF-16LE", "utf16le".
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

/// The name as iconv takes it: without the slashes that `iconv -l` puts after it, and with the hyphens of UTF.
std::string iconv_name(std::string name) {
  while (name.ends_with('/')) name.pop_back();
  const std::string plain = plain_name(name);
  const bool is_utf = plain.starts_with("utf8") || plain.starts_with("utf16") || plain.starts_with("utf32");
  return is_utf ? "utf-" + plain.substr(3) : name;
}

/// iconv takes more than names: "" means the locale's encoding, and what follows slashes asks it to drop or replace
/// characters.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || std::string_view("-_.:+()").find(c) != std::string_view::npos;
  });
}

struct Outcome {
  std::size_t read = 0;        ///< bytes that were converted
  bool is_whole = false;       ///< these are all
  bool is_unfinished = false;  ///< what follows is the beginning of a character, and there the bytes end
};

/// A conversion to UTF-8 that iconv holds open.
class Conversion {
 public:
  explicit Conversion(const std::string& encoding)
      : handle_(is_plain_name(encoding) ? ::iconv_open("UTF-8", encoding.c_str()) : kClosed) {}
  ~Conversion() {
    if (is_open()) ::iconv_close(handle_);
  }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  [[nodiscard]] bool is_open() const { return handle_ != kClosed; }

  /// Converts the bytes from the beginning, up to the first that is not valid, and calls take(piece) for every piece of
  /// the result.
  Outcome convert(std::string_view bytes, const std::function<void(std::string_view)>& take) {
    ::iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    char* from = const_cast<char*>(bytes.data());  // iconv asks for it, and only reads
    std::size_t left = bytes.size();
    for (bool ending = false;;) {
      char* to = piece_.data();
      std::size_t room = piece_.size();
      // A call without a text brings what an encoding with shift states still holds back.
      const auto result = ::iconv(handle_, ending ? nullptr : &from, ending ? nullptr : &left, &to, &room);
      const int failed = result == static_cast<std::size_t>(-1) ? errno : 0;
      take(std::string_view(piece_.data(), piece_.size() - room));
      if (failed == E2BIG) continue;
      if (failed != 0) return {.read = bytes.size() - left, .is_unfinished = failed == EINVAL};
      if (ending) return {.read = bytes.size(), .is_whole = true};
      ending = true;
    }
  }

 private:
  static inline const iconv_t kClosed = reinterpret_cast<iconv_t>(-1);

  iconv_t handle_;
  std::array<char, 1 << 16> piece_;
};

/// UTF-16 or UTF-32 with the byte order that the text has: not every iconv looks for it, or assumes the same one.
std::string with_byte_order(std::string_view bytes, const std::string& encoding) {
  const std::string plain = plain_name(encoding);
  if (plain != "utf16" && plain != "utf32") return encoding;
  const std::size_t unit = plain == "utf16" ? 2 : 4;
  // Units that are a space or a line end, if the lowest byte comes first or last.
  std::size_t little = 0;
  std::size_t big = 0;
  const auto is_frequent = [](char low, char high) {
    return high == '\0' && (low == ' ' || low == '\n' || low == '\r');
  };
  const auto start = bytes.substr(0, 1 << 16);
  for (std::size_t at = 0; at + unit <= start.size(); at += unit) {
    little += is_frequent(start[at], start[at + 1]);
    big += is_frequent(start[at + unit - 1], start[at + unit - 2]);
  }
  const bool marked_little = bytes.starts_with("\xff\xfe");
  const bool marked_big = bytes.substr(0, unit).ends_with("\xfe\xff");
  const bool is_big = marked_big || (!marked_little && big > little);
  return encoding + (is_big ? "BE" : "LE");
}

/// The byte at some place, "0x3d"; "" at the end.
std::string byte_at_place(std::string_view bytes, std::size_t at) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string shown;
  for (const char c : bytes.substr(at, 1)) {
    const auto byte = static_cast<unsigned char>(c);
    shown = {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
  }
  return shown;
}

/// Why the bytes are not valid in the encoding that was named.
std::string why_invalid(std::string_view bytes, const Outcome& outcome) {
  if (find_invalid_utf8(bytes) == std::string_view::npos) {
    return "the text is valid UTF-8, which is read without --encoding";
  }
  if (outcome.is_unfinished) return "the text ends in the middle of a character: it may be cut short";
  return encoding_hint(bytes, find_invalid_utf8(bytes));
}

}  // namespace

void require_encoding(const std::string& encoding) {
  if (Conversion(iconv_name(encoding)).is_open()) return;
  std::string common;
  for (const char* name : {"windows-1252", "iso-8859-2", "windows-1251", "koi8-r", "shift_jis", "gb18030",
                           "big5", "euc-kr", "utf-16"}) {
    if (Conversion(name).is_open()) common += (common.empty() ? "such as " : ", ") + std::string(name);
  }
  if (common.empty()) common = "its tables may not be installed";
  throw bad_option("--encoding", in_quotes(encoding),
                   "iconv knows no encoding of this name: `iconv -l` lists those it knows, " + common);
}

bool is_utf8_name(std::string_view encoding) {
  return plain_name(iconv_name(std::string(encoding))) == "utf8";
}

bool is_wide_name(std::string_view encoding) {
  const std::string plain = plain_name(encoding);
  return plain.starts_with("utf16") || plain.starts_with("utf32") || plain.starts_with("ucs");
}

std::optional<std::string> try_to_utf8(std::string_view bytes, const std::string& encoding) {
  Conversion conversion(encoding);
  if (!conversion.is_open()) return std::nullopt;
  std::string text;
  const Outcome outcome = conversion.convert(bytes, [&](std::string_view piece) { text += piece; });
  return outcome.is_whole ? std::optional(std::move(text)) : std::nullopt;
}

std::string to_utf8(std::string_view bytes, const std::string& encoding, const std::string& name) {
  require_encoding(encoding);
  const std::string asked = iconv_name(encoding);
  Conversion conversion(with_byte_order(bytes, asked));
  if (const std::string kind = other_kind(bytes); !kind.empty()) {
    throw Error(Fault::data, {.what = "not a text", .where = name, .hint = kind});
  }
  std::size_t size = 0;
  std::size_t newlines = 0;
  const auto refusal = [&](std::size_t at, const std::string& why) {
    return Error(Fault::data, {.what = "not valid " + asked,
                               .where = name + ", " + place_in_text(newlines, at),
                               .value = byte_at_place(bytes, at),
                               .hint = why});
  };
  bool has_nul = false;
  const Outcome outcome = conversion.convert(bytes, [&](std::string_view piece) {
    size += piece.size();
    newlines += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    has_nul = has_nul || piece.find('\0') != std::string_view::npos;
  });
  if (!outcome.is_whole) throw refusal(outcome.read, why_invalid(bytes, outcome));
  if (has_nul) {
    throw Error(Fault::data, {.what = "not a text in " + asked,
                              .where = name,
                              .hint = looks_like_utf16(bytes) ? "it looks like UTF-16 or UTF-32"
                                                              : "it would hold NUL, as no text does"});
  }
  if (size > kLargestText) throw text_too_large(name);
  std::string text;
  text.reserve(size);
  conversion.convert(bytes, [&](std::string_view piece) { text += piece; });
  // Not every iconv knows where Unicode ends.
  if (find_invalid_utf8(text) != std::string::npos) {
    throw Error(Fault::data, {.what = "not valid " + asked,
                              .where = name,
                              .hint = "it has numbers beyond the last character of Unicode, U+10FFFF"});
  }
  if (text.starts_with(kUtf8Mark)) text.erase(0, kUtf8Mark.size());
  return text;
}

}  // namespace microgpt
