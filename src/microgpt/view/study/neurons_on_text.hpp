// The page of study neurons --text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "microgpt/view/page.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::view {

/// At most `most` neurons, or all if that is 0, of a layer or of all. Throws as Subject::text does.
Page neurons_on_text_page(const Subject& subject, const std::string& text, std::optional<int> layer,
                          std::size_t most);

}  // namespace microgpt::view
