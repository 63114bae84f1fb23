// How a token is written, everywhere: 'a', ' ', '\n', '\u202e', BOS. Whatever is printed so can be typed back.
#pragma once

#include <string>
#include <string_view>

#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// A character in quotes, with escapes for what would not be seen, the quote and the backslash.
std::string character_text(std::string_view character);

/// A token as character_text writes it; or BOS, without quotes.
std::string token_text(const Tokenizer& tokenizer, Token token);

/// The token a text names: as token_text writes it, or a character alone without quotes, or an escape alone. Throws
/// Error (usage) if it is no single character, Error (data) if the vocabulary lacks it; `option` stands in front.
Token parse_token(const Tokenizer& tokenizer, std::string_view text, const std::string& option);

/// A text with its escapes replaced by what they stand for: \n \t \r \\ \' \" \xHH (below 80) \uHHHH \u{H...}. A
/// backslash before anything else is itself. Throws Error (usage) for an escape that names no character.
std::string unescaped(std::string_view text, const std::string& option);

/// What to say of a character that the vocabulary lacks: which of its characters are most like it, and how many and
/// which there are, the first of many.
std::string unknown_character_text(const Tokenizer& tokenizer, char32_t character);

/// Throws Error (data), with unknown_character_text, if a text, which is valid UTF-8, has a character that the
/// vocabulary lacks. `option` is where the text came from, and `file`, if it is not empty, the file it was read from.
void require_known_characters(const Tokenizer& tokenizer, std::string_view text, const std::string& option,
                              const std::string& file = "");

/// Where text[at] stands: "line 2, column 5", which count from 1, in characters.
std::string place_in(std::string_view text, std::size_t at);

/// Throws Error (data), with the place in the file, if the text that was read from it has a character that the
/// vocabulary lacks.
void require_known(const Tokenizer& tokenizer, const std::string& path, std::string_view text);

}  // namespace microgpt
