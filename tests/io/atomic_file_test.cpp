#include "microgpt/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "microgpt/base/system_calls.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
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

  /// A file system that refuses to open folders, or to sync them.
  class FoldersRefused : public SystemCalls {
   public:
    FoldersRefused(int at_open, int at_fsync) : at_open_(at_open), at_fsync_(at_fsync) {
      use_system_calls(this);
    }
    ~FoldersRefused() override { use_system_calls(nullptr); }

    int open(const char* path, int flags, mode_t mode) override {
      const bool is_folder = (flags & O_DIRECTORY) != 0;
      if (is_folder && at_open_ != 0) return fail(at_open_);
      const int fd = SystemCalls::open(path, flags, mode);
      if (is_folder) folder_ = fd;
      return fd;
    }
    int fsync(int fd) override {
      return fd == folder_ && at_fsync_ != 0 ? fail(at_fsync_) : SystemCalls::fsync(fd);
    }

   private:
    static int fail(int number) {
      errno = number;
      return -1;
    }
    int at_open_;
    int at_fsync_;
    int folder_ = -1;
  };

  }  // namespace

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
    struct Case {
      std::filesystem::path path;
      const char* why;
    };
    const Case cases[] = {{folder / "taken", "rename: Is a directory"},
                          {folder / "missing" / "x", "open: No such file or directory"},
                          {folder / "file" / "x", "open: Not a directory"},
                          {"/proc/microgpt-test", "open: "},
                          {folder / std::string(250, 'n'),
                           "open: File name too long"},  // it fits, but not its temporary file's
                          {folder / std::string(300, 'n'), "open: File name too long"}};
    for (const auto& [path, why] : cases) {
      const Failure failure = write_failure(path);
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::io, {.what = "cannot write file", .where = path.string(), .hint = why}));
      CHECK(failure.is_one_line());
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

  TEST_CASE(
      "atomic_file: it is said when a name may not outlast a power cut, but not where none can be synced") {
    struct Case {
      int at_open;
      int at_fsync;
      int fault;
    };
    const Case cases[] = {
        {EACCES, 0, 0},                  // a folder that may be written but not read
        {EMFILE, 0, 5}, {0, EINVAL, 0},  // file systems that sync no folders each have their own word for it
        {0, ENOSYS, 0}, {0, ENOTSUP, 0}, {0, EBADF, 0}, {0, EIO, 5}, {0, ENOSPC, 5},
    };
    for (const Case& each : cases) {
      CAPTURE(each.at_open);
      CAPTURE(each.at_fsync);
      const TempFolder folder;
      Failure failure;
      {
        const FoldersRefused refused(each.at_open, each.at_fsync);
        failure = write_failure(folder / "file");
      }
      CHECK(failure.fault == each.fault);
      CHECK(failure.is(Fault::io, {.where = (folder / "file").string(), .hint = "fsync of its folder"})
            == (each.fault != 0));
      CHECK(read_bytes(folder / "file") == "new");
    }
  }

  TEST_CASE("atomic_file: a file system that tells only at the end that it did not write is heard") {
    class LateRefusal : public SystemCalls {
     public:
      explicit LateRefusal(int number) : number_(number) { use_system_calls(this); }
      ~LateRefusal() override { use_system_calls(nullptr); }
      int close(int fd) override {
        SystemCalls::close(fd);
        errno = number_;
        return -1;
      }

     private:
      int number_;
    };
    const TempFolder folder;
    write_bytes(folder / "file", "old");
    for (const auto& [number, fault] : {std::pair(EIO, 5), std::pair(EDQUOT, 5), std::pair(EINTR, 0)}) {
      Failure failure;
      {
        const LateRefusal late(number);
        failure = write_failure(folder / "file");
      }
      CAPTURE(failure.message);
      CHECK(failure.fault == fault);
      CHECK(failure.is(Fault::io, {.hint = "close: "}) == (fault != 0));
      CHECK(read_bytes(folder / "file") == (fault != 0 ? "old" : "new"));
      CHECK(names_in(folder.path()).size() == 1);
    }
  }

  TEST_CASE("atomic_file: of the files in a folder only our temporary ones are removed") {
    const TempFolder folder;
    const std::vector<std::string> others = {".a",        ".abc123",     ".file.tmp.",  ".file.tmp.12x",
                                             ".file.tmp", ".file.tmp.x", "file.tmp.12", ".hidden",
                                             "file"};
    for (const std::string& name : others) write_bytes(folder / name, "");
    write_bytes(folder / ".file.tmp.12", "");
    write_bytes(folder / ".a.tmp.b.tmp.3", "");
    std::filesystem::create_directory(folder / ".folder.tmp.4");  // cannot be removed like a file
    remove_temporary_files(folder.path());
    auto expected = others;
    expected.push_back(".folder.tmp.4");
    const auto left = names_in(folder.path());
    CHECK(std::is_permutation(left.begin(), left.end(), expected.begin(), expected.end()));
    remove_temporary_files(folder / "missing");
    CHECK(!std::filesystem::exists(folder / "missing"));
  }

  TEST_CASE("atomic_file: a file is removed, and one that is gone already is no error") {
    const TempFolder folder;
    write_bytes(folder / "file", "");
    remove_file(folder / "file");
    CHECK(names_in(folder.path()).empty());
    remove_file(folder / "file");
    std::filesystem::create_directory(folder / "folder");
    const Failure failure = failure_of([&] { remove_file(folder / "folder"); });
    CHECK(failure.is(Fault::io, {.what = "cannot remove file", .where = (folder / "folder").string()}));
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
