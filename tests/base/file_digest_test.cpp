#include "microgpt/base/file_digest.hpp"

#include <doctest/doctest.h>

#include "microgpt/base/sha256.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("base") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("file digest: that of all bytes, however many pieces they are read in") {
    const TempFolder folder;
    for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200'000U}) {
      std::string bytes;
      for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 31 % 251);
      write_bytes(folder / "f", bytes);
      const FileDigest digest = digest_of_file(folder / "f", Fault::data);
      CHECK(digest.bytes == size);
      CHECK(digest.sha256 == sha256(bytes));
    }
    CHECK(failure_of([&] { (void)digest_of_file(folder / "none", Fault::checkpoint); }).fault == 4);
  }
}
