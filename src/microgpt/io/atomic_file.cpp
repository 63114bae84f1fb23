#include "microgpt/io/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt {

namespace {

/// Writes all of the bytes. Returns 0, or the error number.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> pieces) {
  const auto refuse = [&](const char* what, int number) -> Error {
    return Error(Fault::io,
                 "cannot write file: " + path.string() + ": " + what + ": " + std::strerror(number));
  };
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const auto temporary = folder / ("." + path.filename().string() + ".tmp." + std::to_string(::getpid()));

  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) throw refuse("open", errno);
  const char* what = "write";
  int number = 0;
  for (const std::string_view piece : pieces) {
    if (number == 0) number = write_all(fd, piece);
  }
  // After a failed fsync the pages may be gone from the cache: it is never tried again.
  if (number == 0 && ::fsync(fd) != 0) {
    what = "fsync";
    number = errno;
  }
  if (::close(fd) != 0 && number == 0) {
    what = "close";
    number = errno;
  }
  if (number == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) {
    what = "rename";
    number = errno;
  }
  if (number != 0) {
    ::unlink(temporary.c_str());
    throw refuse(what, number);
  }

  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    // Some file systems cannot sync a folder; the file itself is safe by now.
    static_cast<void>(::fsync(folder_fd));
    ::close(folder_fd);
  }
}

}  // namespace microgpt
