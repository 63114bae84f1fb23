// Files: whole ones in, and bytes out, by way of base/system_calls.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// An open file, closed at the end of its scope.
class Descriptor {
 public:
  /// Opens `path`, as open(2) does; is_open() says whether it succeeded, and if not errno why.
  Descriptor(const std::filesystem::path& path, int flags, unsigned mode = 0);
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  /// Returns 0, or the error number.
  int close();

 private:
  int fd_;
};

/// Writes all of the bytes, in as many calls as it takes. Returns 0, or the error number.
int write_all(const Descriptor& file, std::string_view bytes);

/// A regular file that is read from its beginning to its end. What goes wrong is an Error with the
/// given fault: the path is missing, is not a regular file, cannot be read, holds more than `limit`
/// bytes, or changes size meanwhile.
class InputFile {
 public:
  InputFile(const std::filesystem::path& path, Fault fault, std::uint64_t limit = std::uint64_t{4} << 30);

  /// Bytes in all.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Reads the next bytes, as many as there is room for.
  void read(std::span<char> bytes);
  /// To be called when `size()` bytes are read: there must be no more by now.
  void check_end();

 private:
  [[nodiscard]] Error refusal(const std::string& why) const;

  std::string path_;
  Fault fault_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

/// The bytes of what is read only once and whose size nobody knows: a pipe, standard input. Throws Error with the given
/// fault if it cannot be read or holds more than `limit` bytes. `name` stands for it in messages.
std::string read_to_end(int fd, const std::string& name, Fault fault,
                        std::uint64_t limit = std::uint64_t{4} << 30);

/// The bytes of a file, as InputFile reads them.
std::string read_file(const std::filesystem::path& path, Fault fault,
                      std::uint64_t limit = std::uint64_t{4} << 30);

}  // namespace microgpt
