#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "cli/small_run.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  /// A run long enough to be stopped in the middle, and the same run left alone.
  struct LongRun : SmallRun {
    std::filesystem::path whole = folder / "whole";

    LongRun() {
      auto arguments = more();
      arguments[4] = whole.string();
      REQUIRE(run_microgpt(arguments).exit_code == 0);
    }
    [[nodiscard]] std::vector<std::string> more() const {
      return train({"--quiet", "--steps", "1500", "--threads", "1", "--set", "train.checkpoint_every=100",
                    "--set", "train.eval_every=250"});
    }
    [[nodiscard]] std::vector<std::string> resume() const {
      return {"train", "--resume", out.string(), "--quiet", "--threads", "1"};
    }

    /// Starts it, waits until it has saved so many checkpoints beyond those there, sends the signal.
    [[nodiscard]] ProcessResult stop(std::vector<std::string> arguments, int signal,
                                     std::size_t checkpoints = 2) const {
      arguments.insert(arguments.begin(), MICROGPT_PROGRAM);
      const std::size_t wanted = saved() + checkpoints;
      Process process(arguments);
      const bool running = process.wait_until([&] { return saved() >= wanted; });
      process.send(signal);
      const auto result = process.finish();
      CHECK(running);
      return result;
    }

    [[nodiscard]] std::size_t saved() const {
      if (!std::filesystem::exists(out / "checkpoints")) return 0;
      std::size_t count = 0;
      for (const std::string& name : names_in(out / "checkpoints")) count += name[0] == 's' ? 1U : 0U;
      return count;
    }

    void check_same_as_whole() const {
      for (const std::string file : {"metrics.jsonl", "samples.txt", "checkpoints/step-00001500.safetensors",
                                     "checkpoints/step-00001400.safetensors"}) {
        CAPTURE(file);
        CHECK(read_bytes(out / file) == read_bytes(whole / file));
      }
    }
  };

  }  // namespace

  TEST_CASE("interrupt: a stopped run goes on to the same bytes") {
    const LongRun run;
    auto arguments = run.more();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      CAPTURE(signal);
      const auto stopped = run.stop(arguments, signal);
      CAPTURE(stopped.err);
      CHECK(stopped.exit_code == 130);
      CHECK(stopped.out == "");
      CHECK(lines_of(stopped.err).size() == 1);
      CHECK(stopped.err.find("microgpt train --resume " + run.out.string()) != std::string::npos);
      CHECK(!std::filesystem::exists(run.checkpoint("00001500")));
      // The step it stopped after is saved, and so many steps are in the metrics.
      const std::string step = stopped.err.substr(19, stopped.err.find(';') - 19);
      CHECK(std::filesystem::exists(run.checkpoint(std::string(8 - step.size(), '0') + step)));
      CHECK(lines_of(read_bytes(run.out / "metrics.jsonl")).back().find("\"step\":" + step + ",")
            != std::string::npos);
      // What was saved can be sampled from.
      CHECK(run_microgpt(run.sample({"-n", "1"})).exit_code == 0);
      arguments = run.resume();
    }
    const auto resumed = run_microgpt(arguments);
    CAPTURE(resumed.err);
    CHECK(resumed.exit_code == 0);
    CHECK(resumed.out == "");
    run.check_same_as_whole();

    const auto again = run_microgpt(arguments);
    CHECK(again.exit_code == 2);
    CHECK(refused_in_one_line(again));
    CHECK(again.err.find("1500 steps") != std::string::npos);
  }

  TEST_CASE("interrupt: a second signal, of whichever kind, exits at once and leaves nothing half-written") {
    const SmallRun small;
    // Steps so long that both signals come within one.
    const auto arguments = small.train({"--quiet", "--threads", "1", "--set", "train.batch_size=300000",
                                        "--set", "train.checkpoint_every=1"});
    for (const auto& [first, second] :
         {std::pair(SIGINT, SIGINT), std::pair(SIGINT, SIGTERM), std::pair(SIGTERM, SIGINT)}) {
      std::filesystem::remove_all(small.out);
      auto command = arguments;
      command.insert(command.begin(), MICROGPT_PROGRAM);
      Process process(command);
      CHECK(process.wait_until([&] { return std::filesystem::exists(small.checkpoint("00000000")); }));
      process.send(first);
      std::this_thread::sleep_for(std::chrono::milliseconds(30));  // two that come together are one
      process.send(second);
      const auto result = process.finish();
      CHECK(result.exit_code == 130);
      CHECK(result.err == "");  // not even the line that it was saved
      CHECK(names_in(small.out / "checkpoints") == std::vector<std::string>{"step-00000000.safetensors"});
      CHECK(run_microgpt(small.sample({"-n", "1"})).exit_code == 0);
    }
  }

  TEST_CASE("interrupt: a run that is stopped while it samples is resumed for its samples") {
    const SmallRun small;
    auto arguments = small.train({"--quiet", "--set", "sample.count=1000000"});
    arguments.insert(arguments.begin(), MICROGPT_PROGRAM);
    Process process(arguments);
    CHECK(process.wait_until([&] { return std::filesystem::exists(small.checkpoint("00000024")); }));
    process.send(SIGTERM);
    const auto stopped = process.finish();
    CHECK(stopped.exit_code == 130);
    CHECK(stopped.err.find("training is done and saved; continue with: ") != std::string::npos);
    CHECK(!std::filesystem::exists(small.out / "samples.txt"));
  }

  TEST_CASE("interrupt: a killed run goes on from its last checkpoint to the same bytes") {
    const LongRun run;
    const auto killed = run.stop(run.more(), SIGKILL, 3);
    CHECK(killed.exit_code == 128 + SIGKILL);
    const auto resumed = run_microgpt(run.resume());
    CAPTURE(resumed.err);
    CHECK(resumed.exit_code == 0);
    run.check_same_as_whole();
  }

  TEST_CASE("interrupt: a resumed run passes over a damaged checkpoint") {
    const LongRun run;
    CHECK(run.stop(run.more(), SIGINT, 3).exit_code == 130);
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator(run.out / "checkpoints")) {
      newest = std::max(newest, entry.path());
    }
    std::string bytes = read_bytes(newest);
    write_bytes(newest, bytes.substr(0, bytes.size() - 1));
    const auto resumed = run_microgpt(run.resume());
    CHECK(resumed.exit_code == 0);
    CHECK(resumed.err.starts_with("warning: "));
    run.check_same_as_whole();
  }

  TEST_CASE("interrupt: a run killed before its first checkpoint begins again") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    const std::string last = read_bytes(small.checkpoint("00000024"));
    const std::string metrics = read_bytes(small.out / "metrics.jsonl");
    std::filesystem::remove_all(small.out / "checkpoints");
    std::filesystem::remove(small.out / "samples.txt");
    write_bytes(small.out / "metrics.jsonl", "");
    CHECK(run_microgpt({"train", "--resume", small.out.string(), "--quiet"}).exit_code == 0);
    CHECK(read_bytes(small.checkpoint("00000024")) == last);
    CHECK(read_bytes(small.out / "metrics.jsonl") == metrics);
  }

  TEST_CASE("interrupt: what was ignored from the start stays ignored, as under nohup") {
    const SmallRun small;
    const auto result =
        Process({"/bin/sh", "-c", "trap '' HUP; kill -HUP $$; exec \"$0\" \"$@\"", MICROGPT_PROGRAM, "train",
                 "--config", small.config.string(), "--out", small.out.string(), "--quiet"})
            .finish();
    CHECK(result.exit_code == 0);
    const auto hung_up =
        Process({"/bin/sh", "-c",
                 "trap '' HUP; \"$0\" train --config \"$1\" --out \"$2\" --quiet --set train.steps=2000 & "
                 "sleep 0.3; kill -HUP $!; wait $!",
                 MICROGPT_PROGRAM, small.config.string(), (small.folder / "hup").string()})
            .finish();
    CHECK_MESSAGE(hung_up.exit_code == 0, hung_up.err);
  }

  TEST_CASE("interrupt: a stop that is past, or beyond the end, is refused") {
    const SmallRun small;
    CHECK(run_microgpt(small.train({"--quiet", "--stop-after", "20"})).exit_code == 130);
    for (const std::string step : {"20", "10", "25"}) {
      const auto result =
          run_microgpt({"train", "--resume", small.out.string(), "--quiet", "--stop-after", step});
      CHECK(result.exit_code == 2);
      CHECK(result.err == "error: bad --stop-after: " + step + ": the run has done 20 of 24 steps\n");
    }
  }

  TEST_CASE("interrupt: what cannot be resumed is refused") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    std::filesystem::remove(small.checkpoint("00000024"));
    std::filesystem::remove(small.out / "checkpoints/best.safetensors");
    const std::string metrics = read_bytes(small.out / "metrics.jsonl");
    const std::vector<std::string> resume = {"train", "--resume", small.out.string()};

    const std::string text = read_bytes(small.text);
    write_bytes(small.text, text + "lava\n");
    const auto changed = run_microgpt(resume);
    CAPTURE(changed.err);
    CHECK(changed.exit_code == 3);
    CHECK(refused_in_one_line(changed));
    CHECK(changed.err.find("SHA-256") != std::string::npos);

    std::filesystem::remove(small.text);
    CHECK(run_microgpt(resume).exit_code == 3);
    CHECK(read_bytes(small.out / "metrics.jsonl") == metrics);

    write_bytes(small.folder / "moved.txt", text);
    auto moved = resume;
    moved.insert(moved.end(), {"--data", (small.folder / "moved.txt").string(), "--quiet"});
    CHECK(run_microgpt(moved).exit_code == 0);
    CHECK(read_bytes(small.out / "metrics.jsonl") == metrics);

    for (const std::string number : {"00000010", "00000020", "00000024"}) {
      std::filesystem::remove(small.checkpoint(number));
    }
    // The best is a last resort.
    CHECK(run_microgpt(small.sample({"-n", "1"})).exit_code == 0);
    std::filesystem::remove(small.out / "checkpoints" / "best.safetensors");
    const auto none = run_microgpt(resume);
    CHECK(none.exit_code == 4);
    CHECK(refused_in_one_line(none));
    CHECK(none.err.find(small.out.string()) != std::string::npos);
  }
}
