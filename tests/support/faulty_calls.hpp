// A file system on which one call goes wrong, or every one from there on: as errors, as a process that
// is killed, or as a power cut that takes along what was not made durable.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/system_calls.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

enum class FaultKind { crash_before, crash_after, io_error, no_space, interrupted, short_write };

/// Thrown where the process would be gone.
struct Crash {};

/// What is left after a crash.
enum class Left {
  everything,    ///< the process was killed; the system goes on
  synced_data,   ///< power cut: names are as they were last, files hold what was synced
  synced_names,  ///< power cut: names too are as they were when their folder was last synced
};

class FaultyCalls : public SystemCalls {
 public:
  /// The fault comes at call number `at` (from 0) after begin(), and if `for_good` at all that follow.
  FaultyCalls(int at, FaultKind kind, bool for_good) : at_(at), kind_(kind), for_good_(for_good) {
    use_system_calls(this);
  }
  ~FaultyCalls() override { use_system_calls(nullptr); }

  /// Calls are counted from here on.
  void begin() { calls_ = 0; }

  [[nodiscard]] int calls() const { return calls_; }
  [[nodiscard]] bool crashed() const { return dead_; }

  int open(const char* path, int flags, mode_t mode) override {
    return step([&] {
      const int fd = SystemCalls::open(path, flags, mode);
      if (fd >= 0) paths_[fd] = path;
      if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) != 0)
        synced_[path] = (flags & O_TRUNC) != 0 ? 0 : size(path);
      return fd;
    });
  }
  ssize_t read(int fd, void* bytes, std::size_t count) override {
    return step([&] { return SystemCalls::read(fd, bytes, count); });
  }
  ssize_t write(int fd, const void* bytes, std::size_t count) override {
    if (kind_ == FaultKind::short_write && is_due() && count > 1) count /= 2;
    if (dead_) return refused_to_the_dead();
    return step([&] {
      const std::string path = paths_[fd];
      if (!synced_.contains(path)) synced_[path] = size(path);
      return SystemCalls::write(fd, bytes, count);
    });
  }
  int fstat(int fd, struct stat* status) override {
    return step([&] { return SystemCalls::fstat(fd, status); });
  }
  int ftruncate(int fd, off_t length) override {
    return step([&] { return SystemCalls::ftruncate(fd, length); });
  }
  int fsync(int fd) override {
    return step([&] {  // nothing real: the power cut is ours to make
      const std::string path = paths_[fd];
      if (std::filesystem::is_directory(path)) {
        std::erase_if(changes_, [&](const Change& change) { return change.folder == path; });
      } else {
        synced_.erase(path);
      }
      return 0;
    });
  }
  int flock(int fd, int operation) override {
    return step([&] { return SystemCalls::flock(fd, operation); });
  }
  /// Also at the end of scopes, where nothing may be thrown: a crash here shows at the next call.
  int close(int fd) override {
    const int result = SystemCalls::close(fd);
    paths_.erase(fd);
    if (dead_) return 0;
    const bool due = is_due();
    ++calls_;
    if (!due || kind_ == FaultKind::short_write) return result;
    if (kind_ == FaultKind::crash_before || kind_ == FaultKind::crash_after) {
      dead_ = true;
      return 0;
    }
    errno = number();
    return -1;
  }
  int rename(const char* from, const char* to) override {
    return step([&] {
      remember(to);
      changes_.back().came_from = from;
      const auto unsynced = synced_.extract(from);
      synced_.erase(to);
      if (!unsynced.empty()) synced_[to] = unsynced.mapped();
      return SystemCalls::rename(from, to);
    });
  }
  int unlink(const char* path) override {
    if (dead_) return refused_to_the_dead();
    return step([&] {
      remember(path);
      synced_.erase(path);
      return SystemCalls::unlink(path);
    });
  }

  /// Makes the folders what they are when the machine is up again.
  void leave(Left left) {
    if (left == Left::everything) return;
    for (const auto& [path, length] : synced_) {
      if (std::filesystem::exists(path)) std::filesystem::resize_file(path, length);
    }
    if (left == Left::synced_data) return;
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
      if (!change->came_from.empty() && std::filesystem::exists(change->path)) {
        std::filesystem::rename(change->path, change->came_from);
      }
      if (change->content) write_bytes(change->path, *change->content);
    }
  }

 private:
  /// A name that was given or taken, and what was there before.
  struct Change {
    std::string folder;
    std::string path;
    std::optional<std::string> content;
    std::string came_from = {};
  };

  void remember(const std::string& path) {
    Change change = {std::filesystem::path(path).parent_path().string(), path, std::nullopt};
    if (std::filesystem::exists(path)) change.content = read_bytes(path);
    changes_.push_back(change);
  }
  static std::uintmax_t size(const std::string& path) {
    return std::filesystem::is_regular_file(path) ? std::filesystem::file_size(path) : 0;
  }

  /// What destructors still do has no effect once the process is gone.
  static int refused_to_the_dead() {
    errno = EIO;
    return -1;
  }
  [[nodiscard]] bool is_due() const {
    return !dead_ && calls_ >= 0 && (calls_ == at_ || (for_good_ && calls_ > at_));
  }
  [[nodiscard]] int number() const {
    return kind_ == FaultKind::no_space ? ENOSPC : kind_ == FaultKind::interrupted ? EINTR : EIO;
  }

  template <class Call>
  auto step(Call&& call) -> decltype(call()) {
    if (dead_) throw Crash{};
    const bool due = is_due();
    ++calls_;
    if (!due || kind_ == FaultKind::short_write) return call();
    if (kind_ == FaultKind::crash_after) call();
    if (kind_ == FaultKind::crash_before || kind_ == FaultKind::crash_after) {
      dead_ = true;
      throw Crash{};
    }
    errno = number();
    return -1;
  }

  int at_;
  FaultKind kind_;
  bool for_good_;
  int calls_ = -1'000'000;  // none goes wrong before begin()
  bool dead_ = false;
  std::map<int, std::string> paths_;              // of open files
  std::map<std::string, std::uintmax_t> synced_;  // how much of a file would outlast a power cut, if not all
  std::vector<Change> changes_;                   // since their folder was synced
};

}  // namespace microgpt::test
