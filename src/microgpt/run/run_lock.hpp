// One writer a run folder.
#pragma once

#include <filesystem>
#include <optional>

#include "microgpt/base/file.hpp"

namespace microgpt {

/// While it lives no other process can have a lock on the same folder. The system takes it away from
/// a process that ends, however it ends. Whoever only reads needs none: files there are replaced whole.
class RunLock {
 public:
  /// Throws Error (io) if another process has it, which the message names; or if there can be none.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::filesystem::path path_;
  std::optional<Descriptor> file_;
};

}  // namespace microgpt
