#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/json.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  TEST_CASE("bench: a table, and one JSON document as the last line") {
    const auto run = run_microgpt({"bench", "--quick", "--filter", "names-c16-b1"});
    REQUIRE(run.exit_code == 0);
    const auto lines = lines_of(run.out);
    REQUIRE(lines.size() > 5);
    CHECK(lines[0].find("GFLOP/s") != std::string::npos);

    const Json document = Json::parse(lines.back());
    const double peak = document["peak_gflops"].number();
    CHECK(peak > 0);
    const Json settings = document["settings"];
    REQUIRE(settings.size() == 2);
    CHECK(settings[0]["name"].text() == "names-c16-b1-t1");
    CHECK(settings[1]["name"].text() == "names-c16-b16-t1");
    for (std::size_t i = 0; i < settings.size(); ++i) {
      const Json setting = settings[i];
      const double batch = setting["batch_size"].number();
      const double per_document = setting["us_per_document"].number();
      CHECK(setting["threads"].number() == 1);
      CHECK(setting["ms_per_step"].number() == doctest::Approx(per_document * batch / 1e3));
      // 7.12 characters a document; operations for each as docs/speed.md counts them
      CHECK(setting["characters_per_second"].number() == doctest::Approx(7.12e6 / per_document).epsilon(0.1));
      const double gflops = setting["characters_per_second"].number() * 6 * (12 * 16 * 16 + 27 * 16) / 1e9;
      CHECK(setting["gflops"].number() == doctest::Approx(gflops).epsilon(1e-4));
      CHECK(setting["share_of_peak"].number() == doctest::Approx(gflops / peak).epsilon(1e-4));
      CHECK(setting["spread"].number() >= 0);
      for (const char* phase : {"embed", "norms", "linear_forward", "attention", "activation", "loss",
                                "linear_backward", "weight_gradients", "adam"}) {
        CHECK_MESSAGE(setting["phases_us_per_step"][phase].number() > 0, phase);
      }
    }
    const auto json = run_microgpt({"bench", "--quick", "--filter", "names-c16-b1-", "--json"});
    CHECK(lines_of(json.out).size() == 1);
    CHECK(Json::parse(json.out)["settings"].size() == 1);
  }

  TEST_CASE("bench: names are listed, and a name that is none is refused") {
    const auto list = run_microgpt({"bench", "--list"});
    CHECK(list.exit_code == 0);
    CHECK(list.out.find("makemore-t2\n") != std::string::npos);
    const auto bad = run_microgpt({"bench", "--filter", "names-c17"});
    CHECK(bad.exit_code == 2);
    CHECK(
        bad.err
        == "error: bad --filter: no setting has 'names-c17' in its name: microgpt bench --list shows them\n");
  }
}
