#include "microgpt/text/plain_text.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("text") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("plain text: as it stands, but for line ends and a byte order mark") {
    const TempFolder folder;
    const auto read = [&](const std::string& bytes) {
      write_bytes(folder / "t.txt", bytes);
      return read_plain_text((folder / "t.txt").string());
    };
    CHECK(read("a b\n\n c\n") == "a b\n\n c\n");
    CHECK(read("a\r\nb\rc") == "a\nb\nc");
    CHECK(read("\xef\xbb\xbf"
               "a")
          == "a");
    CHECK(read("") == "");
    CHECK(read(" \r\n\r\t\n") == " \n\n\t\n");
  }

  TEST_CASE("plain text: what is no text is refused with its place") {
    const TempFolder folder;
    const std::string path = (folder / "t.txt").string();
    const auto failure = [&] { return failure_of([&] { (void)read_plain_text(path); }); };
    CHECK(failure().is(Fault::data, {.where = path}));
    write_bytes(path, "a\nb\xff");
    CHECK(failure().is(Fault::data, {.where = path + ", line 2, byte 3"}));
    write_bytes(path, "%PDF-1.4");
    CHECK(failure().is(Fault::data, {.where = path, .hint = "PDF"}));
    CHECK(failure_of([&] {
            (void)read_plain_text(folder.path().string());
          }).is(Fault::data, {.hint = "folder"}));
  }

  TEST_CASE("plain text: a pipe by its name is read to its end") {
    const TempFolder folder;
    const std::string path = (folder / "pipe").string();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const std::string long_text(200'000, 'x');
    std::thread writer([&] { write_bytes(path, long_text); });
    CHECK(read_plain_text(path) == long_text);
    writer.join();
  }
}
