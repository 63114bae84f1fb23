// The lab's page, which the program carries inside it.
#pragma once

#include <string_view>

namespace microgpt::cli {

/// src/web/lab.html, as it was when the program was built.
std::string_view lab_page();

}  // namespace microgpt::cli
