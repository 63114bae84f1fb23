#include "microgpt/io/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/base/system_calls.hpp"

namespace microgpt {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTemporary = ".tmp.";

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

int sync_folder(const fs::path& folder) {
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  // A folder that may be written but not read cannot be opened.
  if (!descriptor.is_open()) return errno == EACCES ? 0 : errno;
  if (uninterrupted([&] { return system_calls().fsync(descriptor.fd()); }) == 0) return 0;
  const bool unknown = errno == EINVAL || errno == ENOSYS || errno == ENOTSUP || errno == EBADF;
  return unknown ? 0 : errno;
}

Error cannot_write_file(const std::string& path, const std::string& why) {
  return Error(Fault::io, {.what = "cannot write file", .where = path, .hint = why});
}

void write_file_atomically(const fs::path& path, std::span<const std::string_view> pieces) {
  const auto refuse = [&](const char* what, int number) -> Error {
    return cannot_write_file(path.string(), std::string(what) + ": " + std::strerror(number));
  };
  const auto folder = folder_of(path);
  const auto temporary = folder / ("." + path.filename().string() + kTemporary + std::to_string(::getpid()));

  Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
  if (!file.is_open()) throw refuse("open", errno);
  const char* what = "write";
  int number = 0;
  for (const std::string_view piece : pieces) {
    if (number == 0) number = write_all(file, piece);
  }
  // After a failed fsync the pages may be gone from the cache: only an interrupted one is made again.
  if (number == 0 && uninterrupted([&] { return system_calls().fsync(file.fd()); }) != 0) {
    what = "fsync";
    number = errno;
  }
  if (const int failed = file.close(); failed != 0 && number == 0) {
    what = "close";
    number = failed;
  }
  if (number == 0
      && uninterrupted([&] { return system_calls().rename(temporary.c_str(), path.c_str()); }) != 0) {
    what = "rename";
    number = errno;
  }
  if (number != 0) {
    uninterrupted([&] { return system_calls().unlink(temporary.c_str()); });
    throw refuse(what, number);
  }
  if (const int failed = sync_folder(folder); failed != 0) {
    throw Error(Fault::io, {.what = "file written, but it may not outlast a power cut",
                            .where = path.string(),
                            .hint = std::string("fsync of its folder: ") + std::strerror(failed)});
  }
}

void remove_temporary_files(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    const std::size_t at = name.rfind(kTemporary);
    if (!name.starts_with('.') || at == std::string::npos) continue;
    const std::string number = name.substr(at + std::strlen(kTemporary));
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) continue;
    // It is in nobody's way if it stays.
    uninterrupted([&] { return system_calls().unlink(entry->path().c_str()); });
  }
}

void remove_file(const fs::path& path) {
  if (uninterrupted([&] { return system_calls().unlink(path.c_str()); }) == 0 || errno == ENOENT) return;
  throw Error(Fault::io,
              {.what = "cannot remove file", .where = path.string(), .hint = std::strerror(errno)});
}

}  // namespace microgpt
