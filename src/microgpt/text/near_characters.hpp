// What may be meant by a character that a vocabulary lacks.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace microgpt {

/// Those of the characters (code points in ascending order) that are most like this one, the likest first: it in the
/// other case, its base letter without accents or in its plain form (of 'É' 'é', 'E', 'e'; of a full-width 'Ａ' 'A'), and
/// other quotation marks, dashes and spaces. Mostly none, never more than five.
std::vector<char32_t> near_characters(char32_t character, std::span<const char32_t> known);

/// The same in words, to be added to a sentence: "; it knows 'é' and 'e'", or nothing.
std::string near_characters_text(char32_t character, std::span<const char32_t> known);

}  // namespace microgpt
