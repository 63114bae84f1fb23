// What a number's colour is: its share of what its column's Heat says it is relative to.
#pragma once

#include <cstddef>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// The number of a cell, NaN if it has none.
double number_of(const view::Value& value);

/// From -1 (blue) over 0 (none) to 1 (orange), for each cell of a table; 0 for totals, text and what is not finite.
std::vector<std::vector<double>> heat_of(const view::Table& table);

}  // namespace microgpt::render
