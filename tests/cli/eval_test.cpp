#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>

#include "cli/small_run.hpp"
#include "support/json.hpp"

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
  [[nodiscard]] Json json(std::vector<std::string> more) const {
    more.push_back("--json");
    const auto result = eval(more);
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(lines_of(result.out).size() == 1);
    return Json::parse(result.out);
  }
};

constexpr const char* kBaselines[] = {"uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram"};

/// The lines that are not blank, without the blanks at their ends.
std::vector<std::string> documents_of(const std::string& text) {
  std::vector<std::string> documents;
  for (const std::string& line : lines_of(text)) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin != std::string::npos)
      documents.push_back(line.substr(begin, line.find_last_not_of(" \t") + 1 - begin));
  }
  return documents;
}

/// Predictions of a line that is cut to 8: its characters and its end.
double predictions(const std::string& line) {
  double n = 1;
  for (const char c : line) n += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 0 : 1;
  return std::min(n, 8.0);
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("eval: the held-out split by default, with the loss that training measured") {
    const JudgedRun run;
    const Json val = run.json({});
    CHECK(val["split"].text() == "val");
    const auto lines = lines_of(read_bytes(run.out / "metrics.jsonl"));
    const double measured = Json::parse(lines.back())["held_out_loss"].number();
    const double loss = val["nats_token_mean"].number();
    CHECK(loss == doctest::Approx(measured).epsilon(1e-6));
    CHECK(val["bits_per_character"].number() == doctest::Approx(loss / std::log(2.0)).epsilon(1e-12));
    CHECK(val["perplexity"].number() == doctest::Approx(std::exp(loss)).epsilon(1e-12));
    CHECK(val["standard_error"].number() > 0);
    CHECK(val["nats_document_mean"].number() > 0);
    CHECK(val["baselines"].size() == 6);
    CHECK(run.eval({"--json"}).out == run.eval({"--split", "val", "--json", "--threads", "3"}).out);
  }

  TEST_CASE("eval: the splits together are the whole text") {
    const JudgedRun run({"--set", "data.test=0.25"});
    double documents = 0;
    double characters = 0;
    double nats = 0;
    for (const std::string split : {"train", "val", "test"}) {
      const Json part = run.json({"--split", split});
      CHECK(part["split"].text() == split);
      CHECK(part["documents"].number() > 0);
      documents += part["documents"].number();
      characters += part["characters"].number();
      nats += part["characters"].number() * part["nats_token_mean"].number();
    }
    const Json all = run.json({"--split", "all"});
    double expected = 0;
    const auto lines = documents_of(read_bytes(run.text));
    for (const std::string& line : lines) expected += predictions(line);
    CHECK(all["documents"].number() == static_cast<double>(lines.size()));
    CHECK(all["characters"].number() == expected);
    CHECK(documents == static_cast<double>(lines.size()));
    CHECK(characters == expected);
    CHECK(nats == doctest::Approx(expected * all["nats_token_mean"].number()).epsilon(1e-9));
  }

  TEST_CASE("eval: baselines are fitted on the training split") {
    const JudgedRun run;
    const Json train = run.json({"--split", "train"})["baselines"];
    const Json val = run.json({"--split", "val"})["baselines"];
    double before = 1e9;
    for (const char* name : kBaselines) {
      CAPTURE(name);
      // On what they were fitted on, longer tables are better, and long ones better than on anything else.
      CHECK(train[name].number() < before);
      before = train[name].number();
      if (std::string(name).find("-gram") == 1) CHECK(train[name].number() < val[name].number());
    }
    CHECK(train["uniform"].number() == val["uniform"].number());
  }

  TEST_CASE("eval: words") {
    const JudgedRun run;
    const auto result = run.eval();
    CHECK(result.exit_code == 0);
    CHECK(result.err == "");
    CHECK(result.out.starts_with("split      val: "));
    for (const char* part : {"nats a character, standard error ", "bits a character, perplexity ",
                             "baselines", "uniform", "trigram", "5-gram"}) {
      CHECK_MESSAGE(result.out.find(part) != std::string::npos, part);
    }
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
    CHECK(without.err.starts_with("warning: no n-grams: "));
    CHECK(Json::parse(without.out)["baselines"].size() == 1);
    std::filesystem::copy_file(moved, run.text);
    const Json with = run.json({"--data", other});
    CHECK(with["split"].text() == "all");
    CHECK(with["documents"].number() == 2);
    CHECK(with["characters"].number() == 11);
    CHECK(with["baselines"].size() == 6);

    write_bytes(run.text, read_bytes(moved) + "x\n");
    const auto changed = run.eval();
    CHECK(changed.exit_code == 3);
    CHECK(refused_in_one_line(changed));
    CHECK(changed.err.find("SHA-256") != std::string::npos);
  }

  TEST_CASE("eval: a single document has no standard error") {
    const JudgedRun run;
    const auto one = (run.folder / "one.txt").string();
    write_bytes(one, "opal\n");
    CHECK(run.json({"--data", one})["standard_error"].dump() == "null");
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
    CHECK(run.json({})["split"].text() == "all");  // there is no val
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
      CHECK(result.err
            == "error: unknown character: " + path + ", " + each.place
                   + ": '\xe2\x82\xac' (U+20AC): the model's vocabulary does not have it; it knows only the 27 "
                     "characters of its training text\n");
      const auto studied = run_microgpt({"study", "heads", "--model", run.out.string(), "--data", path});
      CHECK(studied.exit_code == 3);
      CHECK_MESSAGE(studied.err.find(each.place) != std::string::npos, studied.err);
    }
  }

  TEST_CASE("eval: a heading without n-grams says why there are none") {
    const JudgedRun run;
    const auto other = (run.folder / "other.txt").string();
    write_bytes(other, "agate\nopal\n");
    const std::string heading = "baselines  nats a character, and what the model saves";
    CHECK(run.eval({"--data", other}).out.find(heading + " (they were fitted on the training part)\n")
          != std::string::npos);
    std::filesystem::remove(run.text);
    CHECK(run.eval({"--data", other}).out.find(heading + " (no n-grams: the run's own text is gone)\n")
          != std::string::npos);
  }

  TEST_CASE("eval: a split that was not kept is refused with those there are and how to get it") {
    const std::string none = "error: bad --split: ";
    const std::string why = ": the run kept no such documents from training: it has ";
    const auto message = [&](const JudgedRun& run, const std::string& split) {
      return run.eval({"--split", split}).err;
    };
    const JudgedRun both({"--set", "data.test=0.2"});
    CHECK(message(both, "test") == "");
    const JudgedRun val;
    CHECK(message(val, "test")
          == none + "test" + why + "train, val and all; a run trained with --set data.test=0.1 has it\n");
    const JudgedRun test({"--set", "data.held_out=0", "--set", "data.test=0.2"});
    CHECK(message(test, "val")
          == none + "val" + why + "train, test and all; a run trained with --set data.held_out=0.1 has it\n");
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
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
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
      CHECK(Json::parse(result.out)["baselines"].size() == 6);
    }
  }
}
