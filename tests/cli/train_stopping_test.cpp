#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  /// Held-out losses in the order they were measured, from metrics.jsonl; and the last step.
  struct History {
    std::vector<double> losses;
    int last_step = 0;
    std::vector<double> learning_rates;

    explicit History(const std::filesystem::path& run) {
      for (const std::string& text : lines_of(read_bytes(run / "metrics.jsonl"))) {
        const Json line = Json::parse(text);
        last_step = static_cast<int>(line["step"].number());
        if (line.has("held_out_loss")) losses.push_back(line["held_out_loss"].number());
        if (line.has("learning_rate")) learning_rates.push_back(line["learning_rate"].number());
      }
    }
  };

  /// Where training must stop: after `patience` losses in a row that are not below all before them; or
  /// nowhere.
  std::size_t stops_after(const std::vector<double>& losses, std::size_t patience) {
    for (std::size_t i = patience; i < losses.size(); ++i) {
      double best = 1e9;
      for (std::size_t j = 0; j + patience <= i; ++j) best = std::min(best, losses[j]);
      bool better = false;
      for (std::size_t j = i + 1 - patience; j <= i; ++j) better |= losses[j] < best;
      if (!better) return i + 1;
    }
    return 0;
  }

  /// So high a learning rate on so few lines that the held-out loss rises soon.
  const std::vector<std::string> kOverfit = {
      "--set", "train.steps=400",          "--set", "train.eval_every=4",
      "--set", "train.checkpoint_every=4", "--set", "train.learning_rate=0.03"};

  std::vector<std::string> with(std::vector<std::string> list, const std::vector<std::string>& more) {
    list.insert(list.end(), more.begin(), more.end());
    return list;
  }

  }  // namespace

  TEST_CASE("train: patience stops where that many held-out losses brought no new best") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train(with(kOverfit, {"--quiet"}))).exit_code == 0);
    const History whole(small.out);
    CHECK(whole.last_step == 400);
    for (const std::size_t patience : {1U, 3U, 8U}) {
      const std::size_t expected = stops_after(whole.losses, patience);
      REQUIRE(expected > 0);  // or the text above does not overfit
      REQUIRE(expected < whole.losses.size());
      const auto out = small.folder / ("patient-" + std::to_string(patience));
      auto arguments = with(kOverfit, {"--json", "--set", "train.patience=" + std::to_string(patience)});
      arguments.insert(arguments.begin(),
                       {"train", "--config", small.config.string(), "--out", out.string()});
      const auto result = run_microgpt(arguments);
      REQUIRE(result.exit_code == 0);
      const History stopped(out);
      CHECK(stopped.losses
            == std::vector<double>(whole.losses.begin(),
                                   whole.losses.begin() + static_cast<std::ptrdiff_t>(expected)));
      CHECK(stopped.last_step == static_cast<int>(4 * expected));
      const Json report = Json::parse(result.out);
      CHECK(report["stopped_early"].dump() == "true");
      CHECK(lines_of(read_bytes(out / "samples.txt")).size() == 4);

      // In words it says where the best is.
      const auto said = small.folder / ("said-" + std::to_string(patience));
      arguments.erase(std::find(arguments.begin(), arguments.end(), "--json"));
      arguments[4] = said.string();
      const auto words = run_microgpt(arguments);
      const auto least = std::min_element(stopped.losses.begin(), stopped.losses.end());
      const auto step = 4 * (least - stopped.losses.begin() + 1);
      CHECK(words.out.find(" at step " + std::to_string(step) + ", is ") != std::string::npos);
      CHECK(words.out.find("/best.safetensors") != std::string::npos);

      // It is over: nothing to resume.
      const auto again = run_microgpt({"train", "--resume", out.string(), "--quiet"});
      CHECK(again.exit_code == 2);
      CHECK(refused_in_one_line(again));
      CHECK(again.err.find("train.patience") != std::string::npos);
    }
  }

  TEST_CASE("train: patience remembers through a resume") {
    const SmallRun small;
    const auto settings = with(kOverfit, {"--quiet", "--set", "train.patience=8"});
    REQUIRE(run_microgpt(small.train(settings)).exit_code == 0);
    const std::string metrics = read_bytes(small.out / "metrics.jsonl");
    const int last = History(small.out).last_step;
    REQUIRE(last > 24);
    // As if it had been killed a few evaluations before: the newest checkpoints and the samples are gone.
    std::filesystem::remove(small.out / "samples.txt");
    for (int step = last - 16; step <= last; step += 4) {
      char name[16];
      std::snprintf(name, sizeof name, "%08d", step);
      REQUIRE(std::filesystem::remove(small.checkpoint(name)));
    }
    REQUIRE(run_microgpt({"train", "--resume", small.out.string(), "--quiet"}).exit_code == 0);
    CHECK(read_bytes(small.out / "metrics.jsonl") == metrics);
  }

  TEST_CASE("train: patience without a loss to wait for is refused") {
    const SmallRun small;
    for (const char* missing : {"train.eval_every=0", "data.held_out=0"}) {
      const auto result = run_microgpt(small.train({"--set", "train.patience=2", "--set", missing}));
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find("bad --set train.patience=2: ") != std::string::npos);
      CHECK(!std::filesystem::exists(small.out));
    }
  }

  TEST_CASE("train: --time fixes the number of steps before the run begins, and the run can be repeated") {
    const SmallRun small;
    const auto result = run_microgpt(small.train({"--time", "0.4s", "--set", "train.learning_rate=0.01"}));
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(result.out.find("what fits into 0.4s") != std::string::npos);
    const History history(small.out);
    const Json config = Json::parse(read_bytes(small.out / "config.json"));
    CHECK(static_cast<int>(config["train"]["steps"].number()) == history.last_step);
    const auto again = small.folder / "again";
    REQUIRE(run_microgpt({"train", "--config", (small.out / "config.json").string(), "--out", again.string(),
                          "--quiet"})
                .exit_code
            == 0);
    CHECK(read_bytes(again / "metrics.jsonl") == read_bytes(small.out / "metrics.jsonl"));
    CHECK(read_bytes(again / "samples.txt") == read_bytes(small.out / "samples.txt"));
  }

  TEST_CASE("train: a --time that is none is refused") {
    const SmallRun small;
    for (const std::string time : {"", "s", "0s", "-1s", "30x", "nan", "inf", "1e300h", "30 s", "\x1b[31m"}) {
      CAPTURE(time);
      const auto result = run_microgpt(small.train({"--time", time}));
      CAPTURE(result.err);
      CHECK(result.exit_code != 0);
      CHECK(refused_in_one_line(result));
    }
    CHECK(run_microgpt(small.train({"--time", "1s", "--steps", "5"})).exit_code == 2);
  }

  TEST_CASE("train: a loss far above guessing is said at the end, on standard error, and nothing else is") {
    const SmallRun small;
    // In double precision such steps drive the weights to 1e12, and every number stays finite.
    const auto high = run_microgpt(small.train({"--quiet", "--set", "train.precision=float64", "--set",
                                                "train.learning_rate=1e10", "--set", "train.grad_clip=0"}));
    CHECK(high.exit_code == 0);
    CHECK(high.out == "");
    // ln 28: the text has 27 characters, and BOS.
    const std::string end = ", worse than guessing (3.33): try a lower train.learning_rate\n";
    CHECK_MESSAGE(high.err.starts_with("warning: the loss ended at "), high.err);
    CHECK_MESSAGE(high.err.ends_with(end), high.err);
    CHECK(lines_of(high.err).size() == 1);
    const auto metrics = lines_of(read_bytes(small.out / "metrics.jsonl"));
    for (const std::string& line : metrics) {
      const Json json = Json::parse(line);
      if (json.has("loss")) CHECK(std::isfinite(json["loss"].number()));
    }
    // Its numbers are shown in a form that can be read.
    const auto judged = run_microgpt({"eval", "--model", small.out.string()});
    CHECK(judged.exit_code == 0);
    for (const std::string& line : lines_of(judged.out)) CHECK_MESSAGE(line.size() < 120, line);
    const PageJson document(run_microgpt({"eval", "--model", small.out.string(), "--json"}).out);
    CHECK(document.fact("perplexity").dump().find("inf") == std::string::npos);
    CHECK(document.fact("nats").number() > 1000);

    // A model that has learnt next to nothing is no worse than guessing.
    for (const char* steps : {"1", "24"}) {
      const SmallRun usual;
      const auto result = run_microgpt(usual.train({"--quiet", "--steps", steps}));
      CHECK(result.exit_code == 0);
      CHECK(result.err == "");
    }
  }

  TEST_CASE("train: in single precision such a learning rate stops the run with exit code 6") {
    const SmallRun small;
    for (const char* clip : {"0", "1"}) {
      const std::filesystem::path out = small.folder / (std::string("clip") + clip);
      const auto result =
          run_microgpt({"train", "--config", small.config.string(), "--out", out.string(), "--quiet", "--set",
                        "train.learning_rate=1e10", "--set", std::string("train.grad_clip=") + clip});
      CHECK(result.exit_code == 6);
      CHECK_MESSAGE(result.err.starts_with("error: training broke down: step 2: the "), result.err);
      CHECK(result.err.find(": documents \"") != std::string::npos);
      CHECK(run_microgpt({"info", out.string()}).exit_code == 0);  // the checkpoint before it
    }
  }
}
