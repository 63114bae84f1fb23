#include "microgpt/base/file.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "microgpt/base/system_calls.hpp"

namespace microgpt {

Descriptor::Descriptor(const std::filesystem::path& path, int flags, unsigned mode)
    : fd_(uninterrupted([&] { return system_calls().open(path.c_str(), flags | O_CLOEXEC, mode); })) {}

int Descriptor::close() {
  if (fd_ < 0) return 0;
  const int result = system_calls().close(fd_);
  fd_ = -1;
  // Interrupted, it is closed all the same; closing again might hit another file of that number.
  return result != 0 && errno != EINTR ? errno : 0;
}

int write_all(const Descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written =
        uninterrupted([&] { return system_calls().write(file.fd(), bytes.data(), bytes.size()); });
    if (written < 0) return errno;
    if (written == 0) return EIO;  // nothing, and no reason why: not to be tried for ever
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// O_NONBLOCK: opening a FIFO must not wait for a writer that may never come.
InputFile::InputFile(const std::filesystem::path& path, Fault fault, std::uint64_t limit)
    : path_(path.string()), fault_(fault), file_(path, O_RDONLY | O_NONBLOCK) {
  const int failed = errno;
  // The system opens the file whose name ends where the NUL stands.
  if (const auto nul = path_.find('\0'); nul != std::string::npos) {
    path_.resize(nul);
    throw refusal("a NUL follows in its name");
  }
  if (!file_.is_open()) throw refusal(std::strerror(failed));
  struct stat status {};
  if (uninterrupted([&] { return system_calls().fstat(file_.fd(), &status); }) != 0) {
    throw refusal(std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw refusal("it is a folder");
  if (!S_ISREG(status.st_mode)) throw refusal("it is not a regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (size_ > limit) {
    throw refusal("it holds " + std::to_string(size_) + " bytes: at most " + std::to_string(limit)
                  + " are read");
  }
}

Error InputFile::refusal(const std::string& why) const {
  return Error(fault_, {.what = "cannot read file", .where = path_, .hint = why});
}

void InputFile::read(std::span<char> bytes) {
  while (!bytes.empty()) {
    const auto got =
        uninterrupted([&] { return system_calls().read(file_.fd(), bytes.data(), bytes.size()); });
    if (got < 0) throw refusal(std::strerror(errno));
    if (got == 0) throw refusal("it became shorter while it was read");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void InputFile::check_end() {
  char beyond = 0;
  const auto got = uninterrupted([&] { return system_calls().read(file_.fd(), &beyond, 1); });
  if (got < 0) throw refusal(std::strerror(errno));
  if (got > 0) throw refusal("it became longer while it was read");
}

std::string read_to_end(int fd, const std::string& name, Fault fault, std::uint64_t limit) {
  const auto refusal = [&](const std::string& why) {
    return Error(fault, {.what = "cannot read file", .where = name, .hint = why});
  };
  std::array<char, 1 << 16> piece;
  std::string bytes;
  while (true) {
    const auto got = uninterrupted([&] { return system_calls().read(fd, piece.data(), piece.size()); });
    if (got < 0) throw refusal(std::strerror(errno));
    if (got == 0) return bytes;
    bytes.append(piece.data(), static_cast<std::size_t>(got));
    if (bytes.size() > limit) throw refusal("it holds more than " + std::to_string(limit) + " bytes");
  }
}

std::string read_file(const std::filesystem::path& path, Fault fault, std::uint64_t limit) {
  InputFile file(path, fault, limit);
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  file.read(bytes);
  file.check_end();
  return bytes;
}

}  // namespace microgpt
