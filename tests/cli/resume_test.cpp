#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <thread>

#include "cli/small_run.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/run/run_folder.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;
  namespace fs = std::filesystem;

  /// Every file below a folder and what is in it.
  std::map<std::string, std::string> content_of(const fs::path& folder) {
    std::map<std::string, std::string> content;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        content[entry.path().lexically_relative(folder).string()] = read_bytes(entry.path());
      }
    }
    return content;
  }

  /// Names of the files in which two runs differ, or which only one of them has.
  std::string difference(const std::map<std::string, std::string>& a,
                         const std::map<std::string, std::string>& b) {
    std::string names;
    for (const auto& [name, bytes] : a) {
      if (!b.contains(name) || b.at(name) != bytes) names += name + ' ';
    }
    for (const auto& [name, bytes] : b) {
      if (!a.contains(name)) names += "+" + name + ' ';
    }
    return names;
  }

  /// A run of 50 steps that saves, evaluates, clips and samples; and the same run left alone.
  struct Run50 {
    TempFolder folder = TempFolder::in_memory();
    fs::path text = folder / "stones.txt";
    fs::path config = folder / "run.json";
    std::map<std::string, std::string> whole;

    explicit Run50(const std::string& train =
                       R"("batch_size": 12, "eval_every": 7, "checkpoint_every": 10, "keep": 2)") {
      fs::copy_file(repository_file("tests/golden/small.txt"), text);
      write_bytes(config, R"({"data": {"path": "stones.txt", "held_out": 0.2},
      "model": {"n_layer": 1, "n_embd": 8, "n_head": 2, "block_size": 8},
      "train": {"steps": 50, "grad_clip": 1, )"
                              + train + R"(}, "sample": {"count": 20}})");
      REQUIRE(run_microgpt(start("whole")).exit_code == 0);
      whole = content_of(folder / "whole");
    }
    [[nodiscard]] std::vector<std::string> start(const std::string& out,
                                                 const std::vector<std::string>& more = {}) const {
      return with({"train", "--config", config.string(), "--out", (folder / out).string(), "--quiet"}, more);
    }
    [[nodiscard]] std::vector<std::string> resume(const std::string& out,
                                                  const std::vector<std::string>& more = {}) const {
      return with({"train", "--resume", (folder / out).string(), "--quiet"}, more);
    }
    static std::vector<std::string> with(std::vector<std::string> arguments,
                                         const std::vector<std::string>& more) {
      arguments.insert(arguments.end(), more.begin(), more.end());
      return arguments;
    }
  };

  }  // namespace

  // tests/run/session_test.cpp has every step.
  TEST_CASE("resume: stopped after a step a run goes on to the same bytes, with other threads too") {
    const Run50 run;
    CHECK(run.whole.contains("checkpoints/best.safetensors"));
    CHECK(run.whole.contains("checkpoints/step-00000040.safetensors"));
    CHECK(!run.whole.contains("checkpoints/step-00000030.safetensors"));
    CHECK(run.whole.size() == 6);
    for (const int k : {1, 10, 13, 49, 50}) {
      CAPTURE(k);
      const std::string out = "run-" + std::to_string(k);
      const std::string threads = std::to_string(1 + k % 3);
      const auto stopped =
          run_microgpt(run.start(out, {"--stop-after", std::to_string(k), "--threads", "1"}));
      CAPTURE(stopped.err);
      CHECK(stopped.exit_code == (k < 50 ? 130 : 0));
      if (k < 50) {
        CHECK(!fs::exists(run.folder / out / "samples.txt"));
        CHECK(run_microgpt(run.resume(out, {"--threads", threads})).exit_code == 0);
      }
      CHECK(difference(run.whole, content_of(run.folder / out)) == "");
    }
  }

  TEST_CASE("resume: killed 25 times at any moment a run goes on to the same bytes") {
    const Run50 run(R"("batch_size": 300, "eval_every": 7, "checkpoint_every": 1, "keep": 3)");
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    REQUIRE(run_microgpt(run.start("timed")).exit_code == 0);
    const std::chrono::duration<double> duration = Clock::now() - begin;
    microgpt::Rng rng(25);
    int killed = 0;
    for (int attempt = 0; killed < 25 && attempt < 500; ++attempt) {
      const std::string out = "run-" + std::to_string(attempt);
      auto arguments = run.start(out, {"--threads", "1"});
      arguments.insert(arguments.begin(), MICROGPT_PROGRAM);
      Process process(arguments);
      std::this_thread::sleep_for(duration * rng.random());
      process.send(SIGKILL);
      const int exit_code = process.finish().exit_code;
      CAPTURE(attempt);
      if (exit_code == 0) continue;  // it was done before
      CHECK(exit_code == 128 + SIGKILL);
      const auto resumed = run_microgpt(run.resume(out, {"--threads", "2"}));
      CAPTURE(resumed.err);
      if (!fs::exists(run.folder / out / "checkpoints/best.safetensors") && resumed.exit_code != 0) {
        // Before there was anything: it says so.
        CHECK((resumed.err.find("no such model") != std::string::npos
               || resumed.err.find("no model in run") != std::string::npos));
        CHECK(refused_in_one_line(resumed));
        continue;
      }
      ++killed;
      // Killed after its last act, it has nothing left to do.
      CHECK((resumed.exit_code == 0 || resumed.err.find("nothing to resume") != std::string::npos));
      auto content = content_of(run.folder / out);
      content.erase(".lock");  // of a process that is gone
      CHECK(difference(run.whole, content) == "");
      fs::remove_all(run.folder / out);
    }
    CHECK(killed == 25);
  }

  TEST_CASE("resume: killed between two checkpoints a run goes on from the best, if that is later") {
    const SmallRun whole;
    const std::vector<std::string> rarely = {"--quiet", "--set", "train.checkpoint_every=0"};
    REQUIRE(run_microgpt(whole.train(rarely)).exit_code == 0);
    const SmallRun small;
    auto stopped = rarely;
    stopped.insert(stopped.end(), {"--stop-after", "1"});
    REQUIRE(run_microgpt(small.train(stopped)).exit_code == 130);
    const std::string first = read_bytes(small.checkpoint("00000001"));
    REQUIRE(run_microgpt({"train", "--resume", small.out.string(), "--quiet", "--stop-after", "21"}).exit_code
            == 130);
    fs::rename(small.checkpoint("00000021"), small.checkpoint("00000001"));
    write_bytes(small.checkpoint("00000001"), first);
    const auto best = microgpt::Checkpoint::load(small.out / "checkpoints/best.safetensors");
    REQUIRE(best.training().step == 20);

    CHECK(microgpt::load_newest_checkpoint(small.out, [](const microgpt::Error&) {}).training().step == 20);
    const auto resumed = run_microgpt({"train", "--resume", small.out.string()});
    CHECK(resumed.exit_code == 0);
    CHECK(resumed.out.find("resumed after step 20") != std::string::npos);
    for (const char* file : {"metrics.jsonl", "samples.txt", "checkpoints/best.safetensors"}) {
      CHECK_MESSAGE(read_bytes(small.out / file).size() == read_bytes(whole.out / file).size(), file);
    }
    CHECK(read_bytes(small.out / "samples.txt") == read_bytes(whole.out / "samples.txt"));
    CHECK(read_bytes(small.out / "metrics.jsonl") == read_bytes(whole.out / "metrics.jsonl"));
  }

  TEST_CASE("resume: a run that was killed before its samples writes them") {
    const Run50 run;
    fs::copy(run.folder / "whole", run.folder / "run", fs::copy_options::recursive);
    fs::remove(run.folder / "run" / "samples.txt");
    const auto result = run_microgpt({"train", "--resume", (run.folder / "run").string()});
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("now only sampled") != std::string::npos);
    CHECK(difference(run.whole, content_of(run.folder / "run")) == "");
    CHECK(run_microgpt(run.resume("run")).exit_code == 2);
  }

  TEST_CASE("resume: a checkpoint of format version 1 goes on to the end it had") {
    const TempFolder folder = TempFolder::in_memory();
    const auto result = run_microgpt(
        {"train", "--resume", repository_file("tests/golden/checkpoint-v1.safetensors").string(), "--data",
         repository_file("tests/golden/small.txt").string(), "--out", (folder / "run").string(), "--quiet"});
    CAPTURE(result.err);
    CHECK(result.exit_code == 0);
    CHECK(read_bytes(folder / "run" / "samples.txt") == "okekzpsz\nxj jty\xc3\xa9k\nxopeemaj\n");
    const PageJson info(run_microgpt({"info", (folder / "run").string(), "--json"}).out);
    CHECK(info.fact("format_version").text() == "3");
    CHECK(info.fact("step").number() == 6);
  }

  TEST_CASE("resume: temporary files of a killed run go and other files stay") {
    const Run50 run;
    REQUIRE(run_microgpt(run.start("run", {"--stop-after", "20"})).exit_code == 130);
    const fs::path out = run.folder / "run";
    write_bytes(out / ".metrics.jsonl.tmp.123", "half");
    write_bytes(out / "checkpoints" / ".step-00000030.safetensors.tmp.123", "half");
    write_bytes(out / "checkpoints" / ".mine.tmp.x", "mine");
    write_bytes(out / "notes.tmp.1", "mine");
    CHECK(run_microgpt(run.resume("run")).exit_code == 0);
    CHECK(difference(run.whole, content_of(out)) == "+checkpoints/.mine.tmp.x +notes.tmp.1 ");
  }

  TEST_CASE("resume: train.keep keeps the newest, the best apart, and only of the schedule") {
    const Run50 run(R"("batch_size": 12, "eval_every": 7, "checkpoint_every": 5, "keep": 1)");
    std::string names;
    for (const auto& [name, bytes] : run.whole) names += name + ' ';
    CHECK(names
          == "checkpoints/best.safetensors checkpoints/step-00000050.safetensors config.json metrics.jsonl "
             "samples.txt ");
    // Stopped between, both that of the schedule and that of the stop are there.
    REQUIRE(run_microgpt(run.start("run", {"--stop-after", "13"})).exit_code == 130);
    CHECK(fs::exists(run.folder / "run/checkpoints/step-00000010.safetensors"));
    CHECK(fs::exists(run.folder / "run/checkpoints/step-00000013.safetensors"));
    CHECK(!fs::exists(run.folder / "run/checkpoints/step-00000005.safetensors"));

    // The best is that of the lowest held-out loss in the metrics.
    double lowest = 1e9;
    double step = 0;
    for (const std::string& line : lines_of(run.whole.at("metrics.jsonl"))) {
      const Json entry = Json::parse(line);
      if (entry.has("held_out_loss") && entry["held_out_loss"].number() < lowest) {
        lowest = entry["held_out_loss"].number();
        step = entry["step"].number();
      }
    }
    const auto best =
        run_microgpt({"info", (run.folder / "whole/checkpoints/best.safetensors").string(), "--json"});
    CHECK(PageJson(best.out).fact("step").number() == step);
    CHECK(PageJson(best.out).fact("held_out_nats").number() == lowest);
  }

  TEST_CASE("resume: the best is kept though later ones are worse") {
    // The rate grows from step to step: first the model learns, and then goes ever further astray, however a
    // processor rounds.
    const Run50 run(
        R"("batch_size": 4, "learning_rate": 1, "warmup_steps": 50, "schedule": "constant", "eval_every": 1)");
    const auto info = [&](const std::string& file) {
      return PageJson(run_microgpt({"info", (run.folder / file).string(), "--last", "--json"}).out);
    };
    const PageJson best = info("whole/checkpoints/best.safetensors");
    const PageJson last = info("whole");
    CHECK(last.fact("step").number() == 50);
    CHECK(best.fact("step").number() < 20);
    CHECK(best.fact("held_out_nats").number() < last.fact("held_out_nats").number() / 5);
    // Resumed after its best a run keeps it.
    const std::string after = std::to_string(static_cast<int>(best.fact("step").number()) + 1);
    REQUIRE(run_microgpt(run.start("run", {"--stop-after", after})).exit_code == 130);
    CHECK(run_microgpt(run.resume("run")).exit_code == 0);
    CHECK(difference(run.whole, content_of(run.folder / "run")) == "");
  }

  TEST_CASE("resume: a changed text is refused unless it is asked for") {
    const Run50 run;
    REQUIRE(run_microgpt(run.start("run", {"--stop-after", "20"})).exit_code == 130);
    const std::string text = read_bytes(run.text);
    const auto before = content_of(run.folder / "run");

    write_bytes(run.text, text + "opal\n");
    const auto refused = run_microgpt(run.resume("run"));
    CAPTURE(refused.err);
    CHECK(refused.exit_code == 3);
    CHECK(refused_in_one_line(refused));
    CHECK(refused.err.find("--data-changed-ok") != std::string::npos);
    CHECK(difference(before, content_of(run.folder / "run")) == "");

    write_bytes(run.text, text + "\xe2\x82\xac\n");
    const auto unknown = run_microgpt(run.resume("run", {"--data-changed-ok"}));
    CAPTURE(unknown.err);
    CHECK(unknown.exit_code == 3);
    CHECK(refused_in_one_line(unknown));
    CHECK(unknown.err.find("\xe2\x82\xac") != std::string::npos);
    CHECK(difference(before, content_of(run.folder / "run")) == "");

    // Other lines, and fewer characters than the model knows.
    write_bytes(run.text, text.substr(0, text.rfind('\n', text.size() / 2) + 1));
    CHECK(run_microgpt(run.resume("run", {"--data-changed-ok"})).exit_code == 0);
    const auto info = [&](const char* name) {
      return PageJson(run_microgpt({"info", (run.folder / name).string(), "--last", "--json"}).out);
    };
    CHECK(info("run").fact("step").number() == 50);
    CHECK(info("run").fact("characters").number() == 27);
    CHECK(info("run").fact("data_sha256").text() != info("whole").fact("data_sha256").text());
  }

  TEST_CASE("resume: one writer a run folder, and the message names the other") {
    const Run50 run;
    auto arguments = run.start("run", {"--steps", "1000000", "--set", "train.checkpoint_every=100"});
    arguments.insert(arguments.begin(), MICROGPT_PROGRAM);
    Process process(arguments);
    const fs::path out = run.folder / "run";
    REQUIRE(process.wait_until([&] { return fs::exists(out / "checkpoints/step-00000100.safetensors"); }));
    const auto second = run_microgpt(run.resume("run"));
    CAPTURE(second.err);
    CHECK(second.exit_code == 5);
    CHECK(refused_in_one_line(second));
    CHECK(second.err.find("process " + std::to_string(process.pid()) + " on ") != std::string::npos);
    // Reading needs no lock.
    CHECK(run_microgpt({"sample", "--model", out.string(), "-n", "1"}).exit_code == 0);
    CHECK(run_microgpt({"info", out.string()}).exit_code == 0);
    process.send(SIGINT);
    CHECK(process.finish().exit_code == 130);
    CHECK(!fs::exists(out / ".lock"));
    // A process that is gone locks nothing, whatever file it left.
    REQUIRE(run_microgpt(run.start("gone", {"--stop-after", "5"})).exit_code == 130);
    write_bytes(run.folder / "gone" / ".lock", "1 on somewhere");
    CHECK(run_microgpt(run.resume("gone")).exit_code == 0);
    CHECK(difference(run.whole, content_of(run.folder / "gone")) == "");
  }

  TEST_CASE("train: the lines it prints to be copied work in a shell, whatever the folder is called") {
    for (const std::string name :
         {"a run", "it's", "$HOME `x` \"y\" \\z", "-dash", "tab\there", "\xc3\xa9t\xc3\xa9"}) {
      CAPTURE(name);
      const SmallRun small;
      const ProcessOptions here = {.folder = small.folder.path()};
      const auto begun =
          run_microgpt({"train", "--config", "small.json", "--out=" + name, "--stop-after", "10"}, here);
      REQUIRE(begun.exit_code == 130);
      const std::string mark = "continue with: ";
      const auto at = begun.err.find(mark);
      REQUIRE(at != std::string::npos);
      CHECK(begun.err.find('\t') == std::string::npos);
      const std::string line = begun.err.substr(at + mark.size());
      CAPTURE(line);
      const auto resumed = Process({"/bin/bash", "-c", line}, here).finish();
      CAPTURE(resumed.err);
      CHECK(resumed.exit_code == 0);
      const std::string more = "More of them: ";
      const auto hint = resumed.out.find(more);
      REQUIRE(hint != std::string::npos);
      const std::string sample = resumed.out.substr(hint + more.size());
      CAPTURE(sample);
      const auto sampled = Process({"/bin/bash", "-c", sample}, here).finish();
      CAPTURE(sampled.err);
      CHECK(sampled.exit_code == 0);
      CHECK(lines_of(sampled.out).size() == 20);
    }
  }
}
