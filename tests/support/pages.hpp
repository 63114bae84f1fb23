// What commands print, as it was: tests/golden/NAME.txt. With MICROGPT_WRITE_GOLDEN=1 in the environment the
// files are written anew: look at what changed.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "microgpt/base/file.hpp"
#include "support/data.hpp"

namespace microgpt::test {

inline void check_page(const std::string& name, const std::string& page) {
  const auto path = repository_file("tests/golden/" + name + ".txt");
  CAPTURE(path.string());
  if (std::getenv("MICROGPT_WRITE_GOLDEN") != nullptr) std::ofstream(path) << page;
  CHECK(page == read_file(path, Fault::data));
}

}  // namespace microgpt::test
