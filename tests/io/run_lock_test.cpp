#include "microgpt/io/run_lock.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

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
      CHECK(second.fault == 5);
      CHECK(second.is_one_line());
      CHECK(second.names(folder.path().string()));
      CHECK(second.names("process " + std::to_string(::getpid()) + " on "));
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
    for (const auto& path : {folder / "missing", folder / "victim", folder / "folder", folder / "link",
                             std::filesystem::path("/proc")}) {
      const Failure failure = failure_of([&] { const RunLock lock(path); });
      CAPTURE(failure.message);
      CHECK(failure.fault == 5);
      CHECK(failure.is_one_line());
      CHECK(failure.names("cannot lock run folder: " + path.string()));
    }
    CHECK(read_bytes(folder / "victim") == "mine");
  }

  TEST_CASE("run_lock: it keeps others out before its name is in the file") {
    const TempFolder folder;
    const RunLock lock(folder.path());
    write_bytes(folder / ".lock", "");
    const Failure failure = failure_of([&] { const RunLock other(folder.path()); });
    CHECK(failure.fault == 5);
    CHECK(failure.names(": process of another run is writing there"));
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
