#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  TEST_CASE("bench: a page of the settings that were asked for, and its JSON") {
    const auto words = run_microgpt({"bench", "--quick", "--filter", "names-c16-b1-"});
    REQUIRE(words.exit_code == 0);
    CHECK(words.out.find("names-c16-b1-t1") != std::string::npos);
    const auto run = run_microgpt({"bench", "--quick", "--filter", "names-c16-b1", "--json"});
    REQUIRE(run.exit_code == 0);
    CHECK(lines_of(run.out).size() == 1);
    const PageJson page(run.out);
    const double peak = page.fact("peak_gflops").number();
    CHECK(peak > 0);
    REQUIRE(page.rows("training") == 2);
    CHECK(page.cell("training", 0, "name").text() == "names-c16-b1-t1");
    CHECK(page.cell("training", 1, "name").text() == "names-c16-b16-t1");
    for (std::size_t i = 0; i < 2; ++i) {
      const auto number = [&](const char* key) { return page.cell("training", i, key).number(); };
      // 7.12 characters per document; operations for each as docs/speed.md counts them
      CHECK(number("characters_per_second")
            == doctest::Approx(7.12e6 / number("us_per_document")).epsilon(0.1));
      const double gflops = number("characters_per_second") * 6 * (12 * 16 * 16 + 27 * 16) / 1e9;
      CHECK(number("gflops") == doctest::Approx(gflops).epsilon(1e-4));
      CHECK(number("share_of_peak") == doctest::Approx(gflops / peak).epsilon(1e-4));
      CHECK(number("spread") >= 0);
      double shares = 0;
      for (const char* phase : {"embed", "norms", "linear_forward", "attention", "activation", "loss",
                                "linear_backward", "weight_gradients", "adam"}) {
        const double share = page.cell("phases", i, phase).number();
        CHECK_MESSAGE(share > 0, phase);
        shares += share;
      }
      CHECK(shares == doctest::Approx(1));
    }
  }

  TEST_CASE("bench: names are listed, and a name that is none is refused") {
    const auto list = run_microgpt({"bench", "--list"});
    CHECK(list.exit_code == 0);
    CHECK(list.out.find("makemore-t2\n") != std::string::npos);
    const auto bad = run_microgpt({"bench", "--filter", "names-c17"});
    CHECK(bad.exit_code == 2);
    CHECK(bad.err.starts_with("error: bad --filter: names-c17: "));
  }
}
