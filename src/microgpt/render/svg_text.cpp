#include "microgpt/render/svg_text.hpp"

#include <sstream>
#include <string_view>

#include "microgpt/render/width.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::render {

namespace {

/// Width of a character as a share of the font's size.
double character_width(char32_t character) {
  struct Class {
    std::string_view characters;
    double width;
  };
  constexpr Class kClasses[] = {{"'ijlIJ", 0.3},      {" ,./:;|\\", 0.34}, {"f-()[]t!r", 0.42},
                                {"\"*_`sz?cL", 0.56}, {"KAVXZBRC", 0.7},   {"UNHDG&OQ", 0.8},
                                {"w#+<=>^~", 0.85},   {"Mm%W@", 1.0}};
  if (character < 0x80) {
    for (const Class& one : kClasses) {
      if (one.characters.find(static_cast<char>(character)) != std::string_view::npos) return one.width;
    }
    return 0.64;  // digits and all other letters
  }
  if (character == U'…') return 1.0;
  const int columns = display_width(character);
  if (columns == 2) return character >= 0x1f000 ? 1.35 : 1.0;  // pictures, and the characters of East Asia
  return columns == 1 ? 0.75 : 0;
}

double pixels_of(Font font) {
  switch (font) {
    case Font::normal:
      return 12;
    case Font::small:
      return 11;
    case Font::name:
      return 12 * 1.14;  // bold letters are wider
    case Font::title:
      return 15 * 1.14;
  }
  return 12;
}

/// How many bytes of a text fit.
std::size_t fitting(const std::string& text, double pixels, Font font) {
  double used = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    used += pixels_of(font) * character_width(next_code_point(text, at));
    if (used > pixels) break;
  }
  return end;
}

}  // namespace

double text_width(const std::string& text, Font font) {
  const std::string shown = printable(text);
  double width = 0;
  for (std::size_t at = 0; at < shown.size();) width += character_width(next_code_point(shown, at));
  return pixels_of(font) * width;
}

std::string cut_to_pixels(const std::string& text, double pixels, Font font) {
  std::string shown = printable(text);
  if (fitting(shown, pixels, font) == shown.size()) return shown;
  shown.resize(fitting(shown, pixels - pixels_of(font), font));
  return shown + "…";
}

std::vector<std::string> wrapped_to_pixels(const std::string& text, double pixels, std::size_t most_lines,
                                           Font font) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::string longer = lines.empty() ? word : lines.back() + " " + word;
    if (!lines.empty() && (text_width(longer, font) <= pixels || lines.size() == most_lines)) {
      lines.back() = cut_to_pixels(longer, pixels, font);
      if (lines.back() != printable(longer)) break;
    } else {
      lines.push_back(cut_to_pixels(word, pixels, font));
    }
  }
  return lines;
}

}  // namespace microgpt::render
