// A table of a page as CSV (RFC 4180), for spreadsheets and data frames.
#pragma once

#include <string>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// One line with the columns' keys, then one for each row, ended by CR LF, with every digit of every number. Text that
/// holds a comma, a quote or a line end stands in quotes; a list of numbers is one entry, separated by spaces.
std::string to_csv(const view::Table& table);

/// The table of the section `key`, or if that is empty of the first section that has one. Throws Error (usage), saying
/// which there are, if there is none.
const view::Table& find_table(const view::Page& page, const std::string& key);

}  // namespace microgpt::render
