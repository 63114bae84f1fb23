// How many columns of a terminal a text takes: marks that stand on the character before them take none, the
// characters of East Asia and pictures take two. (As utf8proc has it.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt::render {

/// 0, 1 or 2. Control characters do not belong on a terminal; they count as 1.
int display_width(char32_t character);

/// Of valid UTF-8.
std::size_t display_width(std::string_view text);

/// As much of the text's beginning as `columns` hold.
std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace microgpt::render
