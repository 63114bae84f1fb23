// A scatter figure as letters on a map of characters.
#pragma once

#include <string>
#include <vector>

#include "microgpt/render/text.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// Where two points fall together the later one is not drawn; the last line then names those.
std::vector<std::string> scatter_lines(const view::Table& table, const view::Figure& figure,
                                       const Screen& screen, int indent);

}  // namespace microgpt::render
