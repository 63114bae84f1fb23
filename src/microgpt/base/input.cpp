#include "microgpt/base/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "microgpt/base/file.hpp"

namespace microgpt {

std::string input_name(const std::string& path) {
  return path == "-" ? "standard input" : path;
}

std::string read_input(const std::string& path, Fault fault, std::uint64_t limit) {
  if (path == "-") return read_to_end(STDIN_FILENO, input_name(path), fault, limit);
  std::error_code unknown;
  if (!std::filesystem::is_fifo(path, unknown)) return read_file(path, fault, limit);
  const Descriptor pipe(path, O_RDONLY);
  if (!pipe.is_open()) {
    throw Error(fault, {.what = "cannot read file", .where = path, .hint = std::strerror(errno)});
  }
  return read_to_end(pipe.fd(), path, fault, limit);
}

}  // namespace microgpt
