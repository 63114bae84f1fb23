// Texts in encodings other than UTF-8, converted by iconv, the C library's own or one that CMake found.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace microgpt {

/// Throws Error (usage) if iconv does not know an encoding of this name. Not every system has every one.
void require_encoding(const std::string& encoding);

/// Whether the name is one of UTF-8 itself, in whatever spelling.
bool is_utf8_name(std::string_view encoding);

/// Whether the name is one of UTF-16 or UTF-32, in whatever spelling and byte order.
bool is_wide_name(std::string_view encoding);

/// The text as UTF-8. A byte order mark at its start is dropped; UTF-16 and UTF-32 without one are read in the byte order
/// in which the text has more spaces and line ends, little-endian if neither has. Takes no more memory than the result:
/// the text is gone through twice.
///
/// Throws Error (usage) if iconv does not know the encoding, and Error (data) if the bytes are not valid in it, with line
/// and byte, if they are a file of another kind, hold NUL once they are converted, or come to more than 4 GiB. `name`
/// stands for the text in messages.
std::string to_utf8(std::string_view bytes, const std::string& encoding, const std::string& name);

/// The same for a piece of a text that is only looked at, byte order mark and all: nothing if iconv does not know the
/// encoding or the bytes are not valid in it.
std::optional<std::string> try_to_utf8(std::string_view bytes, const std::string& encoding);

}  // namespace microgpt
