// What a program is given to read: a file, a pipe by its name, or standard input.
#pragma once

#include <cstdint>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// What "-" is called in messages: "standard input"; anything else by its path.
std::string input_name(const std::string& path);

/// All bytes of the file, or of the pipe of that name, or with "-" of standard input. Throws Error with the given fault
/// if it cannot be read, or holds more than `limit` bytes.
std::string read_input(const std::string& path, Fault fault, std::uint64_t limit = std::uint64_t{4} << 30);

}  // namespace microgpt
