#include "microgpt/base/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "microgpt/base/file.hpp"
#include "microgpt/base/system_calls.hpp"

namespace microgpt {

namespace {

Error unreadable(const std::string& path, Fault fault, const std::string& why) {
  return Error(fault, {.what = "cannot read file", .where = input_name(path), .hint = why});
}

/// Of something that does not say beforehand how much there is.
std::string read_to_end(int fd, const std::string& path, Fault fault, std::uint64_t limit) {
  std::string bytes;
  std::string piece(1 << 16, '\0');
  while (true) {
    const auto got = uninterrupted([&] { return system_calls().read(fd, piece.data(), piece.size()); });
    if (got < 0) throw unreadable(path, fault, std::strerror(errno));
    if (got == 0) return bytes;
    bytes.append(piece, 0, static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      throw unreadable(path, fault, "at most " + std::to_string(limit) + " bytes are read");
    }
  }
}

}  // namespace

std::string input_name(const std::string& path) {
  return path == "-" ? "standard input" : path;
}

std::string read_input(const std::string& path, Fault fault, std::uint64_t limit) {
  if (path == "-") return read_to_end(STDIN_FILENO, path, fault, limit);
  std::error_code unknown;
  if (!std::filesystem::is_fifo(path, unknown)) return read_file(path, fault, limit);
  const Descriptor pipe(path, O_RDONLY);
  if (!pipe.is_open()) throw unreadable(path, fault, std::strerror(errno));
  return read_to_end(pipe.fd(), path, fault, limit);
}

}  // namespace microgpt
