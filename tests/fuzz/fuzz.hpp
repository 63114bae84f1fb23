// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "microgpt/base/error.hpp"

namespace fuzz {

/// A property that does not hold ends the program, which libFuzzer reports with the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The two good ends of reading: it is done, or it is refused as an Error with this fault, of one line.
/// Anything else that is thrown ends the program.
template <class Read>
void read_or_refuse(microgpt::Fault fault, Read&& read) {
  try {
    read();
  } catch (const microgpt::Error& error) {
    require(error.fault() == fault);
    const std::string message = error.what();
    require(!message.empty() && message.size() < 3000
            && message.find_first_of("\r\n\x1b") == std::string::npos);
  }
}

}  // namespace fuzz
