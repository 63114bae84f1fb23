// Whether a document is a page as docs/pages.md describes it: the one validator for all views, topics and reports.
#pragma once

#include <string>
#include <string_view>

namespace microgpt::test {

/// What is wrong with a JSON document as a page, one line for each fault with its place; empty if nothing is. The keys
/// of a page, a section, a table and a figure and their types are read from the tables of docs/pages.md.
std::string faults_of_page(std::string_view json);

}  // namespace microgpt::test
