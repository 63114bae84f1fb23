// The figures of a page as one SVG file: it needs nothing beside itself, its words can be read by a screen reader, its
// colours tell apart for the colour-blind, and it is light or dark as its surroundings are.
#pragma once

#include <string>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// The figure of the section `key`, or if that is empty all figures, one below the other and heat maps side by side; of
/// very many the first. Throws Error (usage), saying which there are, if there is none.
std::string to_svg(const view::Page& page, const std::string& key);

}  // namespace microgpt::render
