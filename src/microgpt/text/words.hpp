// Numbers in sentences.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt {

/// 32033 -> "32,033".
std::string with_commas(std::size_t number);

/// 1, "line end" -> "1 line end"; 26641, "line" -> "26,641 lines"; 2, "loss", "es" -> "2 losses".
std::string counted(std::size_t number, std::string_view thing, std::string_view plural = "s");

/// The indices below `count`: "none", "only 0", "0 to 15".
std::string index_range(std::ptrdiff_t count);

}  // namespace microgpt
