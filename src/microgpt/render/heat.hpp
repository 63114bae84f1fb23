// What a number's colour is: its share of what its column's Heat says it is relative to.
#pragma once

#include <cstddef>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// The number of a cell, NaN if it has none.
double number_of(const view::Value& value);

/// What the numbers of each column are divided by to give their heat; 0 for Heat::none and Heat::row.
std::vector<double> heat_scales(const view::Table& table);

/// From -1 (blue) over 0 (none) to 1 (orange), for each cell of a table; 0 for totals, text and what is not finite.
std::vector<std::vector<double>> heat_of(const view::Table& table);

}  // namespace microgpt::render
