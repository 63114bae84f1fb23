// What a text that is not UTF-8 would read like in the encodings that are common. Nobody can know which one is right but
// whoever can read the text: so the words that tell the encodings apart are shown in each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

/// Encodings that read the same words out of the bytes.
struct LikelyEncodings {
  std::vector<std::string> names;  ///< as --encoding takes them
  std::string words;               ///< UTF-8, as it would read
};

/// The encodings in which the bytes are valid and look like words, those with the fewest faults first. The text is judged
/// by its words from bytes[bad] on, which is not UTF-8. A wrong encoding makes faults of four kinds: letters next to signs,
/// letters of two scripts next to each other, a capital within a word, more than two accented letters in a row.
std::vector<LikelyEncodings> likely_encodings(std::string_view bytes, std::size_t bad);

/// The same as a hint for an error: one line, short, safe for a terminal.
std::string encoding_hint(std::string_view bytes, std::size_t bad);

}  // namespace microgpt
