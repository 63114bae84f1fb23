#include "microgpt/run/run_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "microgpt/base/error.hpp"
#include "microgpt/base/system_calls.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

/// "1234 on somewhere": who writes here, for the message that another process gives.
std::string own_name() {
  char host[256] = "";
  static_cast<void>(::gethostname(host, sizeof host - 1));  // fails only for a name longer than any
  return std::to_string(::getpid()) + " on " + host;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) : path_(folder / ".lock") {
  const auto refuse = [&](const std::string& why) -> Error {
    return Error(Fault::io, {.what = "cannot lock run folder", .where = folder.string(), .hint = why});
  };
  for (bool named = false; !named;) {
    file_.emplace(path_, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
    if (!file_->is_open()) throw refuse(std::strerror(errno));
    if (uninterrupted([&] { return system_calls().flock(file_->fd(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) throw refuse(std::strerror(errno));
      char other[300];
      const auto got = system_calls().read(file_->fd(), other, sizeof other);
      const std::string name = got > 0 ? printable({other, static_cast<std::size_t>(got)}) : "of another run";
      throw refuse("process " + name + " is writing there: wait for it, or stop it");
    }
    // Whoever had it may have removed the file after it was opened here: a lock on a file without a
    // name keeps nobody out.
    struct stat status {};
    if (system_calls().fstat(file_->fd(), &status) != 0) throw refuse(std::strerror(errno));
    named = status.st_nlink > 0;
  }
  // What a process that was killed has left behind.
  const bool empty = uninterrupted([&] { return system_calls().ftruncate(file_->fd(), 0); }) == 0;
  if (empty) static_cast<void>(write_all(*file_, own_name()));  // it locks without a name as well
}

RunLock::~RunLock() {
  system_calls().unlink(path_.c_str());
}

}  // namespace microgpt
