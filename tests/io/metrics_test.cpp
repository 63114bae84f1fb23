#include "microgpt/run/metrics.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <limits>

#include "microgpt/base/system_calls.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("metrics: a line a step, and what was evaluated after it") {
    const TempFolder folder;
    Metrics metrics(folder / "m", 0);
    metrics.step({.step = 1, .loss = 0.1, .learning_rate = 1e-300, .grad_norm = 2, .positions = 7}, true);
    metrics.step({.step = 2, .loss = 1.0 / 3, .learning_rate = 0, .positions = 8}, false);
    metrics.held_out(2, 5);
    CHECK(read_bytes(folder / "m")
          == "{\"step\":1,\"loss\":0.1,\"learning_rate\":1e-300,\"characters\":7,\"grad_norm\":2.0}\n"
             "{\"step\":2,\"loss\":0.3333333333333333,\"learning_rate\":0.0,\"characters\":8}\n"
             "{\"step\":2,\"held_out_loss\":5.0}\n");
  }

  TEST_CASE("metrics: whatever the number, a line is JSON") {
    const TempFolder folder;
    Metrics metrics(folder / "m", 0);
    using Limits = std::numeric_limits<double>;
    for (const double number : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), Limits::max(),
                                Limits::denorm_min(), -0.0}) {
      metrics.step({.step = 1, .loss = number, .learning_rate = number, .grad_norm = number}, true);
      metrics.held_out(1, number);
    }
    const auto lines = lines_of(read_bytes(folder / "m"));
    CHECK(lines.size() == 12);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(failure_of([&] { Json::parse(line); }).fault == 0);
    }
  }

  TEST_CASE("metrics: a run that goes on keeps what is before it and drops the rest and half a line") {
    const TempFolder folder;
    const std::string kept =
        "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"step\":2,\"held_out_loss\":2}\n";
    write_bytes(folder / "m", kept
                                  + "{\"step\":3,\"loss\":1}\nnoise\n\n[1]\n{}\n{\"step\":1.5}\n{\"step\":null}\n"
                                    "{\"step\":1,\"lo");
    Metrics metrics(folder / "m", 2);
    CHECK(read_bytes(folder / "m") == kept);
    // Lines wait, but never go half: a reader sees whole ones at any time.
    for (int step = 3; step < 300; ++step) {
      metrics.step({.step = step, .loss = 0.5, .learning_rate = 1, .positions = 7}, false);
      const std::string now = read_bytes(folder / "m");
      CHECK(now.back() == '\n');
    }
    metrics.sync();
    CHECK(lines_of(read_bytes(folder / "m")).size() == 3 + 297);
  }

  TEST_CASE("metrics: where they cannot be written it says so") {
    const TempFolder folder;
    CHECK(failure_of([&] { const Metrics metrics(folder / "no/folder", 0); }).fault == 5);
    std::filesystem::create_directory(folder / "folder");
    CHECK(failure_of([&] { const Metrics metrics(folder / "folder", 0); }).fault == 5);

    class NoAppending : public SystemCalls {
     public:
      NoAppending() { use_system_calls(this); }
      ~NoAppending() override { use_system_calls(nullptr); }
      int open(const char* path, int flags, mode_t mode) override {
        if ((flags & O_APPEND) == 0) return SystemCalls::open(path, flags, mode);
        errno = EPERM;
        return -1;
      }
    };
    const NoAppending refused;
    const Failure failure = failure_of([&] { const Metrics metrics(folder / "m", 0); });
    CHECK(failure.is(Fault::io, {.where = (folder / "m").string(), .hint = "Operation not permitted"}));
  }

  TEST_CASE("metrics: what was written is read back, and what is none of ours is passed over") {
    const TempFolder folder;
    CHECK(read_metrics(folder / "missing").training.empty());
    {
      Metrics metrics(folder / "m", 0);
      for (int step = 1; step <= 3000; ++step) {
        metrics.step({.step = step, .loss = 1.0 / step, .learning_rate = 0.1, .positions = 7}, false);
        if (step % 1000 == 0) {
          metrics.held_out(step, step, step == 3000 ? std::optional<std::size_t>(512) : std::nullopt);
        }
      }
      metrics.sync();
    }
    std::string bytes = read_bytes(folder / "m");
    const MetricsRecord record = read_metrics(folder / "m");
    REQUIRE(record.training.size() == 3000);
    for (int step = 1; step <= 3000; ++step) {
      CHECK(record.training[static_cast<std::size_t>(step - 1)] == MeasuredLoss{step, 1.0 / step});
    }
    CHECK(record.held_out == std::vector<MeasuredLoss>{{1000, 1000}, {2000, 2000}, {3000, 3000}});
    CHECK(record.sample == std::optional<std::size_t>(512));
    CHECK(bytes.find("{\"step\":3000,\"held_out_loss\":3000.0,\"sample\":512}\n") != std::string::npos);
    CHECK(bytes.find("{\"step\":2000,\"held_out_loss\":2000.0}\n") != std::string::npos);
    // Neither brackets without end nor half a line is a loss.
    bytes += std::string(300'000, '[') + "\n" + "{\"step\":3001,\"loss\":null}\n" + "[]\n"
             + "{\"step\":\"3001\",\"loss\":1}\n" + "{\"step\":3002,\"loss\":2}\n" + std::string(5000, ' ')
             + "\n" + "{\"step\":3003,\"loss\":2}";
    write_bytes(folder / "m", bytes);
    const MetricsRecord again = read_metrics(folder / "m");
    CHECK(again.training.size() == 3001);
    CHECK(again.training.back() == MeasuredLoss{3002, 2});
    CHECK(again.held_out == record.held_out);
  }
}
