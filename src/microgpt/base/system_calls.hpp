// The calls of the operating system by which files are read, written and locked. They stand in one
// place so that tests can make every single one of them fail.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

namespace microgpt {

/// The calls as POSIX has them: -1 and errno where they fail.
class SystemCalls {
 public:
  SystemCalls() = default;
  virtual ~SystemCalls() = default;
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;

  virtual int open(const char* path, int flags, mode_t mode);
  virtual ssize_t read(int fd, void* bytes, std::size_t size);
  virtual ssize_t write(int fd, const void* bytes, std::size_t size);
  virtual int fstat(int fd, struct stat* status);
  virtual int ftruncate(int fd, off_t size);
  virtual int fsync(int fd);
  virtual int flock(int fd, int operation);
  virtual int close(int fd);
  virtual int rename(const char* from, const char* to);
  virtual int unlink(const char* path);
};

/// Those in use: the real ones, unless a test has put others in their place.
SystemCalls& system_calls();

/// Puts others in their place; with nullptr the real ones again. Not while files are in use.
void use_system_calls(SystemCalls* calls);

/// Makes a call again while a signal interrupts it; but not for ever, or a file system that always says
/// so would stop the program.
template <class Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  for (int again = 0; result < 0 && errno == EINTR && again < 100; ++again) result = call();
  return result;
}

}  // namespace microgpt
