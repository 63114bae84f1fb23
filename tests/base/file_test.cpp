#include "microgpt/base/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "microgpt/base/system_calls.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("base") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("file: every byte of a file is read") {
    const TempFolder folder;
    std::string bytes;
    for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i % 251);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, bytes.size()}) {
      write_bytes(folder / "file", std::string_view(bytes).substr(0, size));
      CHECK(read_file(folder / "file", Fault::data) == bytes.substr(0, size));
    }
    std::filesystem::create_symlink(folder / "file", folder / "link");
    CHECK(read_file(folder / "link", Fault::data).size() == bytes.size());
  }

  TEST_CASE("file: what is no readable regular file is refused with the caller's fault") {
    const TempFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);  // no writer: must not wait for one
    std::filesystem::create_symlink(folder / "loop", folder / "loop");
    write_bytes(folder / "file", "x");
    struct Case {
      std::filesystem::path path;
      std::string why;
    };
    const Case cases[] = {
        {folder / "missing", "No such file or directory"},
        {"", "No such file or directory"},
        {folder / "file/x", "Not a directory"},
        {folder.path(), "it is a folder"},
        {folder / "fifo", "it is not a regular file"},
        {"/dev/null", "it is not a regular file"},
        {"/dev/zero", "it is not a regular file"},
        {folder / "loop", "symbolic links"},
        {folder / std::string(300, 'n'), "name too long"},
        {std::string(10'000, 'd'), "name too long"},
        {folder.path().string() + std::string("/file\0.txt", 10), "NUL"},
    };
    for (const Case& each : cases) {
      for (const Fault fault : {Fault::data, Fault::checkpoint, Fault::io}) {
        const Failure got = failure_of([&] { read_file(each.path, fault); });
        CAPTURE(got.message);
        CHECK(got.is(fault, {.what = "cannot read file", .where = each.path.c_str(), .hint = each.why}));
      }
    }
  }

  TEST_CASE("file: one that changes its size while it is read is refused") {
    class OtherSize : public SystemCalls {
     public:
      explicit OtherSize(off_t difference) : difference_(difference) { use_system_calls(this); }
      ~OtherSize() override { use_system_calls(nullptr); }
      int fstat(int fd, struct stat* status) override {
        const int result = SystemCalls::fstat(fd, status);
        status->st_size += difference_;
        return result;
      }

     private:
      off_t difference_;
    };
    const TempFolder folder;
    write_bytes(folder / "file", "bytes");
    for (const auto& [difference, what] :
         {std::pair<off_t, const char*>{-5, "longer"}, {-1, "longer"}, {1, "shorter"}}) {
      const OtherSize changed(difference);
      const Failure got = failure_of([&] { read_file(folder / "file", Fault::data); });
      CHECK(got.is(Fault::data, {.where = (folder / "file").string(), .hint = what}));
    }
  }

  TEST_CASE("file: a file over the limit is refused before it is read") {
    const TempFolder folder;
    write_bytes(folder / "file", "12345");
    CHECK(read_file(folder / "file", Fault::data, 5) == "12345");
    const Failure got = failure_of([&] { read_file(folder / "file", Fault::data, 4); });
    CHECK(got.is(Fault::data, {.where = (folder / "file").string(), .hint = "5 bytes"}));
    // five gigabytes of nothing
    std::filesystem::resize_file(folder / "file", std::uintmax_t{5} << 30);
    CHECK(failure_of([&] { read_file(folder / "file", Fault::data); }).names("5368709120 bytes"));
  }

  TEST_CASE("file: a file without permission is refused") {
    if (::geteuid() == 0) {
      MESSAGE("left out: root may read anything");
      return;
    }
    const TempFolder folder;
    write_bytes(folder / "file", "x");
    std::filesystem::permissions(folder / "file", std::filesystem::perms::none);
    CHECK(failure_of([&] { read_file(folder / "file", Fault::data); }).names("Permission denied"));
  }

  TEST_CASE("file: a call that writes nothing and says no reason is an error and not made for ever") {
    class Idle : public SystemCalls {
     public:
      Idle() { use_system_calls(this); }
      ~Idle() override { use_system_calls(nullptr); }
      ssize_t write(int /*fd*/, const void* /*bytes*/, std::size_t /*count*/) override {
        return ++writes > 9 ? -1 : 0;
      }
      int writes = 0;
    };
    const TempFolder folder;
    Idle idle;
    const Descriptor file(folder / "file", O_WRONLY | O_CREAT, 0600);
    REQUIRE(file.is_open());
    CHECK(write_all(file, "bytes") == EIO);
    CHECK(idle.writes == 1);
    CHECK(write_all(file, "") == 0);
  }

  TEST_CASE("file: one that opens but cannot be looked at is refused with the reason") {
    class NoStatus : public SystemCalls {
     public:
      NoStatus() { use_system_calls(this); }
      ~NoStatus() override { use_system_calls(nullptr); }
      int fstat(int /*fd*/, struct stat* /*status*/) override {
        errno = EIO;
        return -1;
      }
    };
    const TempFolder folder;
    write_bytes(folder / "file", "bytes");
    const NoStatus refused;
    const Failure failure = failure_of([&] { read_file(folder / "file", Fault::data); });
    CHECK(failure.is(Fault::data, {.where = (folder / "file").string(), .hint = "Input/output error"}));
  }

  TEST_CASE("file: a pipe is read to its end, up to a limit") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{60'000}}) {
      int ends[2] = {-1, -1};
      REQUIRE(::pipe(ends) == 0);
      const std::string sent(size, 'x');
      REQUIRE(::write(ends[1], sent.data(), size) == static_cast<ssize_t>(size));  // as much as a pipe holds
      ::close(ends[1]);
      Failure got;
      if (size == 1) {
        got = failure_of([&] { read_to_end(ends[0], "a pipe", Fault::data, 0); });
        CHECK(got.is(Fault::data,
                     {.what = "cannot read file", .where = "a pipe", .hint = "more than 0 bytes"}));
      } else {
        CHECK(read_to_end(ends[0], "a pipe", Fault::data, size) == sent);
      }
      ::close(ends[0]);
    }
    const Failure closed = failure_of([] { read_to_end(-1, "standard input", Fault::io); });
    CHECK(closed.is(Fault::io,
                    {.what = "cannot read file", .where = "standard input", .hint = "Bad file descriptor"}));
  }
}
