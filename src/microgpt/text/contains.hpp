// Whether a text contains another, quickly: the samples of a stream are long, and its text is much longer.
#pragma once

#include <string_view>

namespace microgpt {

/// Whether `piece` stands anywhere in `text`, by Horspool's algorithm: what is compared is the end of the
/// piece, and where it differs the piece moves on by as many bytes as the last byte below it allows. A long
/// piece is found without reading most of the text. An empty one is part of any text.
bool contains(std::string_view text, std::string_view piece);

}  // namespace microgpt
