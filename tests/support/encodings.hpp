// Encodings that a test needs.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "microgpt/text/encoding.hpp"
#include "support/errors.hpp"

namespace microgpt::test {

/// Whether iconv knows the encoding; where it does not, the test says what it leaves out. glibc keeps all but a few in
/// files of their own, which a cross compiler or a small container comes without.
inline bool is_known_here(const std::string& encoding) {
  const bool known = failure_of([&] { require_encoding(encoding); }).fault == 0;
  if (!known) MESSAGE("left out: iconv does not know " << encoding);
  return known;
}

}  // namespace microgpt::test
