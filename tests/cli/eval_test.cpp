#include <doctest/doctest.h>
#include <unistd.h>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"
#include "support/sanitizers.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  struct JudgedRun : SmallRun {
    explicit JudgedRun(const std::vector<std::string>& more = {}) {
      std::vector<std::string> arguments = {"--quiet"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      REQUIRE(run_microgpt(train(arguments)).exit_code == 0);
    }
    [[nodiscard]] ProcessResult eval(const std::vector<std::string>& more = {}) const {
      std::vector<std::string> arguments = {"eval", "--model", out.string()};
      arguments.insert(arguments.end(), more.begin(), more.end());
      return run_microgpt(arguments);
    }
    [[nodiscard]] PageJson json(std::vector<std::string> more) const {
      more.push_back("--json");
      const auto result = eval(more);
      CAPTURE(result.err);
      REQUIRE(result.exit_code == 0);
      CHECK(lines_of(result.out).size() == 1);
      return PageJson(result.out);
    }
  };

  }  // namespace

  TEST_CASE("eval: the held-out split by default, with the loss that training measured") {
    const JudgedRun run;
    const PageJson val = run.json({});
    CHECK(val.json["view"].text() == "eval");
    CHECK(val.fact("split").text() == "val");
    const auto lines = lines_of(read_bytes(run.out / "metrics.jsonl"));
    const double measured = Json::parse(lines.back())["held_out_loss"].number();
    CHECK(val.fact("nats").number() == doctest::Approx(measured).epsilon(1e-6));
    CHECK(val.rows("baselines") == 7);
    CHECK(run.eval({"--json"}).out == run.eval({"--split", "val", "--json", "--threads", "3"}).out);
    const auto words = run.eval();
    CHECK(words.exit_code == 0);
    CHECK(words.err == "");
    CHECK(words.out.find("trigram") != std::string::npos);
  }

  TEST_CASE("eval: the splits together are the whole text") {
    const JudgedRun run({"--set", "data.test=0.25"});
    double documents = 0;
    double characters = 0;
    for (const std::string split : {"train", "val", "test"}) {
      const PageJson part = run.json({"--split", split});
      CHECK(part.fact("split").text() == split);
      documents += part.fact("documents").number();
      characters += part.fact("characters").number();
    }
    const PageJson all = run.json({"--split", "all"});
    CHECK(all.fact("documents").number() == documents);
    CHECK(all.fact("characters").number() == characters);
  }

  TEST_CASE("eval: --data is the run's own text elsewhere, or another one") {
    const JudgedRun run;
    const auto own = run.eval({"--json"});
    std::filesystem::rename(run.text, run.folder / "moved.txt");
    const auto moved = (run.folder / "moved.txt").string();
    CHECK(run.eval({"--json", "--data", moved}).out == own.out);

    const auto gone = run.eval();
    CHECK(gone.exit_code == 3);
    CHECK(refused_in_one_line(gone));

    // Another text, judged as a whole; and where its own is not to be found there are no tables.
    const auto other = (run.folder / "other.txt").string();
    write_bytes(other, "agate\nopal\n");
    const auto without = run.eval({"--json", "--data", other});
    CHECK(without.exit_code == 0);
    CHECK(without.err.starts_with("warning: "));
    CHECK(PageJson(without.out).rows("baselines") == 2);
    std::filesystem::copy_file(moved, run.text);
    const PageJson with = run.json({"--data", other});
    CHECK(with.fact("split").text() == "all");
    CHECK(with.fact("documents").number() == 2);
    CHECK(with.fact("characters").number() == 11);
    CHECK(with.rows("baselines") == 7);

    write_bytes(run.text, read_bytes(moved) + "x\n");
    const auto changed = run.eval();
    CHECK(changed.exit_code == 3);
    CHECK(refused_in_one_line(changed));
    CHECK(changed.err.find("SHA-256") != std::string::npos);
  }

  TEST_CASE("eval: what cannot be judged is refused by name") {
    const JudgedRun run({"--set", "data.held_out=0"});
    write_bytes(run.folder / "strange.txt", "opal\n\xe2\x82\xac\n");
    struct Case {
      std::vector<std::string> arguments;
      int exit_code;
      std::string named;
    };
    const Case cases[] = {
        {{"--split", "val"}, 2, "data.held_out"},
        {{"--split", "test"}, 2, "data.test"},
        {{"--split", "some"}, 2, "--split"},
        {{"--threads", "0"}, 2, "--threads"},
        {{"--data", (run.folder / "strange.txt").string()}, 3, "U+20AC"},
        {{"--data", (run.folder / "nothing.txt").string()}, 3, "nothing.txt"},
    };
    for (const Case& each : cases) {
      const auto result = run.eval(each.arguments);
      CAPTURE(result.err);
      CHECK(result.exit_code == each.exit_code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(each.named) != std::string::npos);
    }
    CHECK(run.json({}).fact("split").text() == "all");  // there is no val
    CHECK(run_microgpt({"eval"}).exit_code == 2);
    CHECK(run_microgpt({"eval", "--model", "nope"}).exit_code == 4);
  }

  TEST_CASE("eval: a character nobody knows is named with its place in the file") {
    const JudgedRun run;
    struct Case {
      std::string text;
      const char* place;
    };
    const Case cases[] = {{"\xe2\x82\xac\n", "line 1, column 1, byte 0"},
                          {"opal\n\n  gr\xc3\xa8s \xe2\x82\xac\n", "line 3, column 8, byte 14"},
                          {"opal\r\njade\ropal\xe2\x82\xac\r\n", "line 3, column 5, byte 15"}};
    for (const Case& each : cases) {
      const auto path = (run.folder / "strange.txt").string();
      write_bytes(path, each.text);
      const auto result = run.eval({"--data", path});
      CHECK(result.exit_code == 3);
      CHECK_MESSAGE(result.err.find(path + ", " + each.place) != std::string::npos, result.err);
      CHECK_MESSAGE(result.err.find("U+20AC") != std::string::npos, result.err);
      const auto studied = run_microgpt({"study", "heads", "--model", run.out.string(), "--data", path});
      CHECK(studied.exit_code == 3);
      CHECK_MESSAGE(studied.err.find(each.place) != std::string::npos, studied.err);
    }
  }

  TEST_CASE("eval: a split that was not kept is refused with those there are and how to get it") {
    const auto check = [](const JudgedRun& run, const std::string& split, const std::string& there,
                          const std::string& setting) {
      const auto result = run.eval({"--split", split});
      CAPTURE(result.err);
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
      for (const std::string& part : {std::string("--split"), split, there, setting}) {
        CHECK_MESSAGE(result.err.find(part) != std::string::npos, part);
      }
    };
    const JudgedRun both({"--set", "data.test=0.2"});
    CHECK(both.eval({"--split", "test"}).exit_code == 0);
    check(JudgedRun(), "test", "train, val and all", "data.test=0.1");
    const JudgedRun test({"--set", "data.held_out=0", "--set", "data.test=0.2"});
    check(test, "val", "train, test and all", "data.held_out=0.1");
  }

  TEST_CASE("eval: a folder of checkpoints that may not be read is said to be just that") {
    const JudgedRun run;
    namespace fs = std::filesystem;
    fs::permissions(run.folder.path(), fs::perms::all);
    fs::permissions(run.out, fs::perms::all);
    fs::permissions(run.out / "checkpoints", fs::perms::none);
    // Root may read everything: then somebody else has to try.
    const std::string as =
        ::geteuid() == 0 ? "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" " : "exec \"$0\" ";
    const auto shell = [&](const std::string& line) {
      return Process({"/bin/sh", "-c", as + line, MICROGPT_PROGRAM}, {.folder = run.folder.path()}).finish();
    };
    if (shell("--version").exit_code != 0) {
      MESSAGE("left out: no way to run the program as somebody who may not read");
    } else {
      for (const char* line : {"eval --model run", "info run", "train --resume run"}) {
        const auto result = shell(line);
        CHECK(result.exit_code == 4);
        CHECK(result.err == "error: cannot read folder: run/checkpoints: Permission denied\n");
      }
      const auto file = shell("info run/checkpoints/best.safetensors");
      CHECK(file.exit_code == 4);
      CHECK(file.err == "error: cannot read file: run/checkpoints/best.safetensors: Permission denied\n");
    }
    fs::permissions(run.out / "checkpoints", fs::perms::owner_all);
  }

  TEST_CASE("eval: a stream takes little more memory than itself") {
#if defined(MICROGPT_SANITIZED)
    MESSAGE("left out: the sanitizer takes memory of its own");
    return;
#endif
    const SmallRun small;
    // 8 MB of few different words: the tables of n-grams stay small.
    std::string text;
    for (unsigned n = 1; text.size() < 8'000'000; n = n * 1664525U + 1013904223U) {
      text += (n >> 28) < 8 ? "opal " : (n >> 28) < 12 ? "agate " : "jade\n";
    }
    write_bytes(small.text, text);
    REQUIRE(run_microgpt(small.train({"--quiet", "--steps", "1", "--set", "data.mode=stream", "--set",
                                      "model.block_size=64"}))
                .exit_code
            == 0);
    for (const char* split : {"train", "val"}) {
      const auto result =
          run_microgpt({"eval", "--model", small.out.string(), "--split", split, "--threads", "1", "--json"},
                       {.memory = 40'000'000});
      CAPTURE(result.err);
      CHECK(result.exit_code == 0);
      CHECK(PageJson(result.out).rows("baselines") == 7);
    }
  }
}
