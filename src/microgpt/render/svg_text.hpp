// How wide a text is that a browser draws. An SVG says where words begin, and only the browser knows its font; so widths
// are estimated with those of DejaVu Sans, the widest of the fonts that the style names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace microgpt::render {

/// The fonts of the figures, as the style sheet has them.
enum class Font : std::uint8_t { normal, small, name, title };

/// Height of a line of words, in CSS pixels.
inline constexpr double kLine = 16;

/// In CSS pixels, rather more than less.
double text_width(const std::string& text, Font font = Font::normal);
/// A text cut to so many pixels, with "…" where it was cut.
std::string cut_to_pixels(const std::string& text, double pixels, Font font = Font::normal);
/// Its words in at most so many lines of so many pixels; a longer word is cut, and so is the last line.
std::vector<std::string> wrapped_to_pixels(const std::string& text, double pixels, std::size_t most_lines,
                                           Font font = Font::normal);

}  // namespace microgpt::render
