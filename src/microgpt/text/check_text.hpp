// Whether bytes are a text: valid UTF-8, and no file of another kind. Whoever is refused learns where and what the bytes
// may be instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// The largest text in bytes: what the places of Examples can tell apart.
inline constexpr std::uint64_t kLargestText = (std::uint64_t{1} << 32) - 1;

/// The byte order mark, as it is written in UTF-8.
inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

Error text_too_large(const std::string& name);

/// Throws Error (data) if the bytes are not valid UTF-8, with line and byte, or are a file of another kind, such as a PDF.
/// `name` stands for the text in messages.
void check_text(std::string_view bytes, const std::string& name);

/// "line 2, byte 7": the place of bytes[at], with as many newlines before it. Lines count from 1, bytes from 0.
std::string place_in_text(std::size_t newlines, std::size_t at);

/// Whether the bytes are UTF-16 or UTF-32, by a byte order mark or because every second byte is NUL.
bool looks_like_utf16(std::string_view bytes);

/// What the bytes are if they are a file of another kind, with what to do about it: a PDF, an archive, a picture. Empty for
/// a text, whatever its encoding.
std::string other_kind(std::string_view bytes);

}  // namespace microgpt
