// A page as text for a terminal or a pipe: words wrapped, columns aligned, numbers on coloured ground where there are
// colours, and never longer than asked for.
#pragma once

#include <string>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// What is written on.
struct Screen {
  int width = 80;        ///< columns; no line is wider unless a single word is
  bool colours = false;  ///< bold headings and heat, by ANSI escapes
  /// About how many lines a page may have: tables are cut, with a line that says so, until it fits. 0: any number.
  int lines = 60;
};

/// The page, every line ended by a newline. Control characters and the like are shown as escapes.
std::string to_text(const view::Page& page, const Screen& screen);

/// The table alone, as it stands on a page.
std::string to_text(const view::Table& table, const Screen& screen);

/// The words of a text in lines of the screen's width, the first preceded by `indent` spaces, the others by `hang`.
std::vector<std::string> wrapped(const std::string& text, const Screen& screen, int indent, int hang);

/// Values as a line of blocks, ▁ the lowest and █ the highest; at most `width` of them, each then the mean of several.
/// × where one is not a finite number.
std::string sparkline(const std::vector<double>& values, std::size_t width);

/// Text in bold if the screen has colours.
std::string bold(const std::string& text, const Screen& screen);

}  // namespace microgpt::render
