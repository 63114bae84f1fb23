#include "microgpt/base/system_calls.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>

namespace microgpt {

namespace {

SystemCalls real_calls;
SystemCalls* calls_in_use = &real_calls;

}  // namespace

int SystemCalls::open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
ssize_t SystemCalls::read(int fd, void* bytes, std::size_t size) {
  return ::read(fd, bytes, size);
}
ssize_t SystemCalls::write(int fd, const void* bytes, std::size_t size) {
  return ::write(fd, bytes, size);
}
int SystemCalls::fstat(int fd, struct stat* status) {
  return ::fstat(fd, status);
}
int SystemCalls::ftruncate(int fd, off_t size) {
  return ::ftruncate(fd, size);
}
int SystemCalls::fsync(int fd) {
#ifdef F_FULLFSYNC
  // macOS: fsync alone leaves the bytes in the cache of the disk, which a power cut empties. Not every file
  // system there knows the stronger call.
  if (::fcntl(fd, F_FULLFSYNC) == 0) return 0;
  if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return -1;
#endif
  return ::fsync(fd);
}
int SystemCalls::flock(int fd, int operation) {
  return ::flock(fd, operation);
}
int SystemCalls::close(int fd) {
  return ::close(fd);
}
int SystemCalls::rename(const char* from, const char* to) {
  return ::rename(from, to);
}
int SystemCalls::unlink(const char* path) {
  return ::unlink(path);
}

SystemCalls& system_calls() {
  return *calls_in_use;
}

void use_system_calls(SystemCalls* calls) {
  calls_in_use = calls != nullptr ? calls : &real_calls;
}

}  // namespace microgpt
