// JSON as RFC 8259 has it and no wider: no byte order mark, no NUL, no key twice, no deep nesting.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// Parses the text. Throws Error with the given fault, its line and column, and `where` (a path) if
/// it is not strict JSON, has the same key twice in an object, or nests deeper than `max_depth`.
nlohmann::json parse_strict_json(std::string_view text, Fault fault, const std::string& where,
                                 int max_depth = 8);

}  // namespace microgpt
