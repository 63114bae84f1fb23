// What a text looks like, in figures: enough to choose how to take it apart.
#pragma once

#include <cstddef>
#include <string_view>

namespace microgpt {

/// How long the parts of a text are, in characters: so many percent of them are at most as long.
struct PartLengths {
  std::size_t parts = 0;
  std::size_t median = 0;
  std::size_t percentile_95 = 0;
  std::size_t percentile_99 = 0;
};

struct TextProfile {
  std::size_t characters = 0;
  std::size_t distinct_lines = 0;  ///< that are not blank; counted up to a million
  std::size_t blank_lines = 0;     ///< between the first line that is not blank and the last
  PartLengths lines{};             ///< lines that are not blank, stripped
  PartLengths paragraphs{};        ///< runs of such lines
};

/// Looks once at a text in UTF-8 whose lines end with "\n".
TextProfile profile_text(std::string_view text);

}  // namespace microgpt
