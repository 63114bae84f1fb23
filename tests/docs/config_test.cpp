// The documents say what the program does.
#include <doctest/doctest.h>

#include "microgpt/base/file.hpp"
#include "microgpt/config/run_config.hpp"
#include "support/data.hpp"

TEST_SUITE("docs") {
  TEST_CASE("docs: config.md holds the table of keys as the program prints it") {
    const auto page =
        microgpt::read_file(microgpt::test::repository_file("docs/config.md"), microgpt::Fault::io);
    INFO("expected table:\n", microgpt::config_keys_table());
    CHECK(page.find(microgpt::config_keys_table()) != std::string::npos);
  }
}
