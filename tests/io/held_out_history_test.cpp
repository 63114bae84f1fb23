#include "microgpt/io/held_out_history.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("held_out_history: the losses come in their order, and other lines are passed over") {
    const TempFolder folder;
    CHECK(held_out_history(folder / "missing").empty());
    write_bytes(folder / "m",
                "{\"step\":1,\"loss\":9}\n"
                "{\"step\":1,\"held_out_loss\":2.5}\n"
                "\n"
                "noise\n"
                "[\"held_out_loss\"]\n"
                "\"held_out_loss\"\n"
                "{\"step\":2,\"held_out_loss\":null}\n"
                "{\"step\":3,\"held_out_loss\":\"2\"}\n"
                "{\"step\":4,\"held_out_loss\":2}\n"
                "{\"step\":5,\"held_out_loss\":1.");
    CHECK(held_out_history(folder / "m") == std::vector<double>{2.5, 2});
    const Failure failure = failure_of([&] { held_out_history(folder.path()); });
    CHECK(failure.fault == 5);
    CHECK(failure.names("it is a folder"));
  }
}
