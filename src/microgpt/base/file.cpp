#include "microgpt/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace microgpt {

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::string read_file(const std::filesystem::path& path, Fault fault, std::uint64_t limit) {
  const auto refuse = [&](const std::string& why) -> Error {
    return Error(fault, "cannot read file: " + path.string() + ": " + why);
  };
  // The system would open the file whose name ends where the NUL stands.
  if (const auto nul = path.native().find('\0'); nul != std::string::npos) {
    throw Error(fault, "cannot read file: " + path.string().substr(0, nul) + ": a NUL follows in its name");
  }
  // O_NONBLOCK: opening a FIFO must not wait for a writer that may never come.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) throw refuse(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) throw refuse(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw refuse("it is a folder");
  if (!S_ISREG(status.st_mode)) throw refuse("it is not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) {
    throw refuse("it holds " + std::to_string(size) + " bytes: at most " + std::to_string(limit)
                 + " are read");
  }

  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refuse(std::strerror(errno));
    if (got == 0) throw refuse("it became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  char beyond = 0;
  if (::read(file.fd, &beyond, 1) > 0) throw refuse("it became longer while it was read");
  return bytes;
}

}  // namespace microgpt
