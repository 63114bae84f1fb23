// A page as one JSON document: the schema of docs/pages.md, the same for every view, topic and report.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "microgpt/view/page.hpp"

namespace microgpt::render {

/// Raised whenever a reader of the documents before would misread those after.
inline constexpr int kPageFormatVersion = 1;

/// With every digit of every number; "nan", "inf" and "-inf", which JSON has no numbers for, are strings.
nlohmann::ordered_json to_json(const view::Page& page);

}  // namespace microgpt::render
