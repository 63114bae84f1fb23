#include "microgpt/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/errors.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace microgpt;
using namespace microgpt::test;

Failure write_failure(const std::filesystem::path& path, std::string_view bytes = "new") {
  const std::string_view pieces[] = {bytes};
  return failure_of([&] { write_file_atomically(path, pieces); });
}

/// While it lives no file of this process may grow beyond `bytes`: as if the disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit lower = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_SUITE("io") {
  TEST_CASE("atomic_file: the pieces stand one after the other and nothing else is left") {
    const TempFolder folder;
    const auto path = folder / "file";
    const std::string large(3'000'000, 'x');
    const std::string_view pieces[] = {"one ", "", "two ", large};
    write_file_atomically(path, pieces);
    CHECK(read_bytes(path) == "one two " + large);
    write_file_atomically(path, {});
    CHECK(read_bytes(path) == "");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    CHECK((status.st_mode & 0777) == (0666 & ~mask));
  }

  TEST_CASE("atomic_file: a path without a folder is in this one") {
    const TempFolder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const Failure failure = write_failure("here");
    std::filesystem::current_path(before);
    CHECK(failure.fault == 0);
    CHECK(read_bytes(folder / "here") == "new");
  }

  TEST_CASE("atomic_file: a full disk leaves the old file and no temporary one") {
    const TempFolder folder;
    const auto path = folder / "file";
    write_bytes(path, "old");
    const std::string large(1'000'000, 'x');
    Failure over;
    Failure fresh;
    {
      const FullDisk full(4096);
      over = write_failure(path, large);
      fresh = write_failure(folder / "other", large);
    }
    CHECK(over.fault == 5);
    CHECK(over.is_one_line());
    CHECK(over.names(path.string()));
    CHECK(fresh.fault == 5);
    CHECK(read_bytes(path) == "old");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
    CHECK(write_failure(path).fault == 0);
    CHECK(read_bytes(path) == "new");
  }

  TEST_CASE("atomic_file: where nothing can be written nothing is changed") {
    const TempFolder folder;
    std::filesystem::create_directory(folder / "taken");
    write_bytes(folder / "taken" / "inside", "old");
    write_bytes(folder / "file", "old");
    const std::filesystem::path paths[] = {
        folder / "taken",
        folder / "missing" / "x",
        folder / "file" / "x",
        "/proc/microgpt-test",
        folder / std::string(250, 'n'),  // a name that fits, but not its temporary file's
        folder / std::string(300, 'n')};
    for (const auto& path : paths) {
      const Failure failure = write_failure(path);
      CAPTURE(failure.message);
      CHECK(failure.fault == 5);
      CHECK(failure.is_one_line());
      CHECK(failure.names("cannot write file: " + path.string()));
    }
    CHECK(read_bytes(folder / "taken" / "inside") == "old");
    CHECK(read_bytes(folder / "file") == "old");
    CHECK(names_in(folder.path()).size() == 2);
  }

  TEST_CASE("atomic_file: a folder without permission is refused") {
    if (::geteuid() == 0) {
      MESSAGE("left out: root may write anywhere");
      return;
    }
    const TempFolder folder;
    std::filesystem::permissions(folder.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const Failure failure = write_failure(folder / "file");
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
    CHECK(failure.fault == 5);
    CHECK(failure.names("Permission denied"));
  }

  TEST_CASE("atomic_file: a link in the place of the temporary file is not followed") {
    const TempFolder folder;
    write_bytes(folder / "victim", "old");
    std::filesystem::create_symlink(folder / "victim", folder / (".file.tmp." + std::to_string(::getpid())));
    CHECK(write_failure(folder / "file").fault == 5);
    CHECK(read_bytes(folder / "victim") == "old");
    CHECK(!std::filesystem::exists(folder / "file"));
  }
}
