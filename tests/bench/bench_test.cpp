// The benchmark's bookkeeping; its figures themselves are no matter of tests.
#include "microgpt/bench/bench.hpp"

#include <doctest/doctest.h>

#include <set>

#include "microgpt/model/parameters.hpp"

TEST_SUITE("bench") {
  using namespace microgpt;

  TEST_CASE("bench: median and spread") {
    const auto check = [](const std::vector<double>& values, double median, double spread) {
      const Measurement got = Measurement::of(values);
      CHECK_MESSAGE(got.median == doctest::Approx(median), "got ", got.median, ", expected ", median);
      CHECK_MESSAGE(got.spread == doctest::Approx(spread), "got ", got.spread, ", expected ", spread);
    };
    check({3}, 3, 0);
    check({4, 2}, 3, 1.0 / 3);           // quartiles 2.5 and 3.5
    check({5, 1, 3, 2, 4}, 3, 2.0 / 3);  // 2 and 4
    check({1, 1, 1, 1, 100}, 1, 0);      // one bad measurement changes nothing
  }

  TEST_CASE("bench: a share of the peak is of all threads together, and the worst spread is found") {
    BenchReport report{.peak_gflops = {.median = 50, .spread = 0.01}, .results = {}};
    BenchResult result;
    result.setting = {.name = "x",
                      .model = {.n_layer = 1, .n_embd = 4, .n_head = 1, .block_size = 4, .vocab_size = 8},
                      .batch_size = 10,
                      .threads = 2};
    result.seconds = {.median = 1e-3, .spread = 0.02};
    result.positions = 1000;
    report.results = {result};
    // 6 (12 * 16 + 8 * 4) = 1344 operations for each of a million characters a second.
    CHECK(report.share_of_peak(result) == doctest::Approx(1344e6 / 100e9));
    CHECK(report.worst_spread() == 0.02);
    report.peak_gflops.spread = 0.1;
    CHECK(report.worst_spread() == 0.1);
  }

  TEST_CASE("bench: operations of a step are those of the products, counted one by one") {
    const ModelConfig model = {.n_layer = 3, .n_embd = 20, .n_head = 5, .block_size = 7, .vocab_size = 11};
    double weights = 11 * 20;  // lm_head
    for (int layer = 0; layer < 3; ++layer) weights += 4 * 20 * 20 + 2 * 80 * 20;
    // A multiplication and an addition for each weight: forward, for its input's and for its own gradient.
    CHECK(flops_per_position(model) == 3 * 2 * weights);
  }

  TEST_CASE("bench: settings have names of their own that tell what they are") {
    std::set<std::string> names;
    for (const BenchSetting& setting : bench_settings()) {
      CHECK_MESSAGE(names.insert(setting.name).second, setting.name, " is there twice");
      CHECK(setting.name.ends_with("-t" + std::to_string(setting.threads)));
      CHECK(setting.model.n_embd % setting.model.n_head == 0);
    }
    for (const char* name : {"names-c16-b1-t1", "names-c16-b16-t1", "names-c128-b16-t1", "names-c16-b64-t1",
                             "names-c128-b64-t2", "nanogpt-cpu-t2", "makemore-t2", "baby-t2"}) {
      CHECK_MESSAGE(names.count(name) == 1, name, " is missing");
    }
    const auto large = bench_settings(BenchSet::large);
    CHECK(large.size() == names.size() + 2);
    CHECK(parameter_count(large.back().model) > 85'000'000);
    for (const BenchSetting& setting : bench_settings(BenchSet::growth)) {
      CHECK_MESSAGE(names.insert(setting.name).second, setting.name, " is there twice");
      CHECK(setting.model.n_embd % setting.model.n_head == 0);
    }
  }

  TEST_CASE("bench: made texts have the shape of the real ones") {
    for (const BenchSetting& setting : bench_settings()) {
      const BenchText text(setting.model, 4096);
      CHECK(text.tokenizer().vocab_size() == setting.model.vocab_size);
      double positions = 0;
      REQUIRE(text.examples().size() == 4096);
      for (std::size_t d = 0; d < 4096; ++d) {
        const Example example = text.examples()[d];
        CHECK(example.positions() <= static_cast<std::size_t>(setting.model.block_size));
        positions += static_cast<double>(example.positions());
      }
      // names.txt has 6.1222 letters a name and as many positions as letters and one; the standard error of
      // 4096 is 0.02.
      const double expected = setting.model.block_size == 16 ? 7.1222 : setting.model.block_size;
      CHECK_MESSAGE(positions / 4096 == doctest::Approx(expected).epsilon(0.01), setting.name);
    }
  }

  TEST_CASE("bench: a short run reports every setting and every phase") {
    const std::vector<BenchSetting> all = bench_settings();
    const std::vector<BenchSetting> settings = {all[0], all[6]};
    int last = 0;
    const BenchReport report = run_bench(settings, {.rounds = 2, .seconds = 0.001}, [&](int done, int total) {
      CHECK(done == last + 1);
      CHECK(total == 6);
      last = done;
    });
    CHECK(last == 6);
    CHECK(report.peak_gflops.median > 0);
    REQUIRE(report.results.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const BenchResult& r = report.results[i];
      CHECK(r.setting.name == settings[i].name);
      CHECK(r.seconds.median > 0);
      CHECK(r.positions >= settings[i].batch_size);
      for (const double phase : r.phases) CHECK(phase > 0);
      CHECK(r.us_per_document() == doctest::Approx(1e6 * r.seconds.median / settings[i].batch_size));
    }
  }
}
