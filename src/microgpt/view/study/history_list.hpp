// study history --list: which scalars a model has.
#pragma once

#include "microgpt/view/page.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::view {

/// The forms that names of scalars have, and what this model has to put into them.
Page history_list(const Subject& subject);

}  // namespace microgpt::view
