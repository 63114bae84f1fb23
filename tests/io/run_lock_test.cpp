#include "microgpt/run/run_lock.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "microgpt/base/system_calls.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("run_lock: a folder has one at a time, and the next may have it") {
    const TempFolder folder;
    for (int again = 0; again < 3; ++again) {
      const RunLock lock(folder.path());
      const Failure second = failure_of([&] { const RunLock other(folder.path()); });
      CAPTURE(second.message);
      CHECK(second.is(Fault::io, {.where = folder.path().string(),
                                  .hint = "process " + std::to_string(::getpid()) + " on "}));
      CHECK(second.is_one_line());
    }
    CHECK(names_in(folder.path()).empty());
  }

  TEST_CASE("run_lock: what a process that is gone has left is taken over") {
    const TempFolder folder;
    write_bytes(folder / ".lock", "999999 on a machine with a very long name");
    {
      const RunLock lock(folder.path());
      CHECK(read_bytes(folder / ".lock").starts_with(std::to_string(::getpid()) + " on "));
      CHECK(read_bytes(folder / ".lock").find("very long") == std::string::npos);
    }
    CHECK(names_in(folder.path()).empty());
  }

  TEST_CASE("run_lock: where there can be none it is refused") {
    const TempFolder folder;
    std::filesystem::create_directory(folder / "folder");
    std::filesystem::create_directory(folder / "folder" / ".lock");
    std::filesystem::create_directory(folder / "link");
    write_bytes(folder / "victim", "mine");
    std::filesystem::create_symlink(folder / "victim", folder / "link" / ".lock");
    struct Case {
      std::filesystem::path path;
      std::string why;
    };
    const Case cases[] = {{folder / "missing", "No such file or directory"},
                          {folder / "victim", "Not a directory"},
                          {folder / "folder", "Is a directory"},
                          {folder / "link", "Too many levels of symbolic links"},
                          {"/proc", ""}};
    for (const Case& each : cases) {
      const Failure failure = failure_of([&] { const RunLock lock(each.path); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::io, {.where = each.path.string(), .hint = each.why}));
      CHECK(failure.is_one_line());
    }
    CHECK(read_bytes(folder / "victim") == "mine");
  }

  TEST_CASE("run_lock: a file system without locks, or one that fails, is named as the reason") {
    class Refused : public SystemCalls {
     public:
      Refused(int at_flock, int at_fstat) : at_flock_(at_flock), at_fstat_(at_fstat) {
        use_system_calls(this);
      }
      ~Refused() override { use_system_calls(nullptr); }
      int flock(int fd, int operation) override {
        return at_flock_ != 0 ? fail(at_flock_) : SystemCalls::flock(fd, operation);
      }
      int fstat(int fd, struct stat* status) override {
        const int once = std::exchange(at_fstat_, 0);
        return once != 0 ? fail(once) : SystemCalls::fstat(fd, status);
      }

     private:
      static int fail(int number) {
        errno = number;
        return -1;
      }
      int at_flock_;
      int at_fstat_;
    };
    const TempFolder folder;
    struct Case {
      int at_flock;
      int at_fstat;
      std::string why;
    };
    for (const Case& each : {Case{ENOLCK, 0, "No locks available"}, Case{EINTR, 0, "Interrupted system call"},
                             Case{0, EIO, "Input/output error"}}) {
      const Refused refused(each.at_flock, each.at_fstat);
      const Failure failure = failure_of([&] { const RunLock lock(folder.path()); });
      CHECK(failure.is(Fault::io, {.where = folder.path().string(), .hint = each.why}));
    }
  }

  TEST_CASE("run_lock: a file that its owner removes before it is locked here is not taken for a lock") {
    class Removed : public SystemCalls {
     public:
      explicit Removed(std::filesystem::path path) : path_(std::move(path)) { use_system_calls(this); }
      ~Removed() override { use_system_calls(nullptr); }
      int flock(int fd, int operation) override {
        if (times_-- > 0) std::filesystem::remove(path_);
        return SystemCalls::flock(fd, operation);
      }

     private:
      std::filesystem::path path_;
      int times_ = 2;
    };
    const TempFolder folder;
    const Removed removed(folder / ".lock");
    const RunLock lock(folder.path());
    CHECK(names_in(folder.path()) == std::vector<std::string>{".lock"});
    CHECK(failure_of([&] {
            const RunLock other(folder.path());
          }).is(Fault::io, {.where = folder.path().string(), .hint = "process"}));
  }

  TEST_CASE("run_lock: it keeps others out before its name is in the file") {
    const TempFolder folder;
    const RunLock lock(folder.path());
    write_bytes(folder / ".lock", "");
    const Failure failure = failure_of([&] { const RunLock other(folder.path()); });
    CHECK(failure.is(Fault::io, {.hint = "of another run"}));
  }

  TEST_CASE("run_lock: a name with control characters does not reach the message raw") {
    const TempFolder folder;
    const RunLock lock(folder.path());
    write_bytes(folder / ".lock", "1\x1b[31m\n");
    const Failure failure = failure_of([&] { const RunLock other(folder.path()); });
    CHECK(failure.is_one_line());
    CHECK(!failure.names("\x1b"));
  }
}
