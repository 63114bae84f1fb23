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

/// Throws Error (data) if a text, which is valid UTF-8, has a character that the vocabulary lacks; says which it has.
/// `option` is where the text came from.
void require_known_characters(const Tokenizer& tokenizer, std::string_view text, const std::string& option);

/// Throws Error (data), with the place in the file, if the text that was read from it has a character that the
/// vocabulary lacks.
void require_known(const Tokenizer& tokenizer, const std::string& path, std::string_view text);

}  // namespace microgpt
