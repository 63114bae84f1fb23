// What a person may have meant by a name that is not there.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace microgpt {

/// The name nearest to `word`: the first that begins with it, or else the first of those with the fewest letters to add,
/// drop or change (Levenshtein's distance). Nothing where even the nearest has little to do with the word: more than half
/// of the letters of the longer one would have to change.
std::optional<std::string> near_name(std::string_view word, std::span<const std::string> names);

}  // namespace microgpt
