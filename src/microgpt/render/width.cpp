#include "microgpt/render/width.hpp"

#include <utf8proc.h>

#include <algorithm>

#include "microgpt/text/utf8.hpp"

namespace microgpt::render {

int display_width(char32_t character) {
  if (character < 0x300) return 1;  // control characters too: they are escaped before they are shown
  return std::clamp(::utf8proc_charwidth(static_cast<utf8proc_int32_t>(character)), 0, 2);
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    columns += static_cast<std::size_t>(display_width(next_code_point(text, at)));
  }
  return columns;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (std::size_t at = 0, used = 0; at < text.size();) {
    used += static_cast<std::size_t>(display_width(next_code_point(text, at)));
    if (used > columns) break;
    end = at;
  }
  return std::string(text.substr(0, end));
}

}  // namespace microgpt::render
