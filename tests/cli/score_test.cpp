#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/made_runs.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  struct ScoredRun : SmallRun {
    ScoredRun() { REQUIRE(run_microgpt(train({"--quiet"})).exit_code == 0); }
    [[nodiscard]] ProcessResult score(const std::vector<std::string>& more) const {
      std::vector<std::string> arguments = {"score", "--model", out.string()};
      arguments.insert(arguments.end(), more.begin(), more.end());
      return run_microgpt(arguments);
    }
  };

  }  // namespace

  TEST_CASE("score: each text is a table of its characters and its end") {
    const ScoredRun run;
    const auto result = run.score({"--json", "opal", "", "gr\xc3\xa8s"});
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    const PageJson page(result.out);
    CHECK(page.cell("text_1", 0, "character").text() == "'o'");
    CHECK(page.rows("text_1") == 6);
    CHECK(page.rows("text_2") == 2);
    CHECK(page.cell("text_3", 2, "character").text() == "'\xc3\xa8'");
    // The same text, however its characters are written.
    CHECK(run.score({"--json", "gr\\u00e8s"}).out == run.score({"--json", "gr\xc3\xa8s"}).out);
  }

  TEST_CASE("score: a sample's probabilities are what score says of it") {
    const ScoredRun run;
    const auto samples =
        Json::parse(run_microgpt(run.sample({"-n", "5", "--json", "--temperature", "2"})).out);
    for (std::size_t s = 0; s < 5; ++s) {
      const Json sample = samples["samples"][s];
      const PageJson scored(run.score({"--json", sample["text"].text()}).out);
      const std::size_t characters = sample["probabilities"].size();
      REQUIRE(scored.rows("text_1") == characters + 2);
      for (std::size_t i = 0; i < characters; ++i) {
        CHECK(sample["probabilities"][i].number() == scored.cell("text_1", i, "probability").number());
      }
      if (sample["end"].dump() != "null")
        CHECK(sample["end"].number() == scored.cell("text_1", characters, "probability").number());
    }
  }

  TEST_CASE("score: the sum over a split's lines is what eval says of them") {
    const ScoredRun run;
    write_bytes(run.folder / "few.txt", "opal\nagate\nonyx\n");
    const PageJson eval(run_microgpt({"eval", "--model", run.out.string(), "--data",
                                      (run.folder / "few.txt").string(), "--json"})
                            .out);
    const PageJson texts(run.score({"--json", "opal", "agate", "onyx"}).out);
    const double expected = eval.fact("characters").number() * eval.fact("nats").number();
    double nats = 0;
    for (const char* text : {"text_1", "text_2", "text_3"}) {
      nats += texts.cell(text, texts.rows(text) - 1, "nats").number();
    }
    CHECK(nats == doctest::Approx(expected).epsilon(1e-5));
  }

  TEST_CASE("score: --file has a row for each line, as JSON and CSV all of them with every digit") {
    const ScoredRun run;
    std::string lines = "opal\n\nOpal\nagate\n";
    for (int i = 0; i < 100; ++i) lines += "onyx\n";
    const std::string file = (run.folder / "lines.txt").string();
    write_bytes(file, lines);
    const auto result = run.score({"--file", file, "--json"});
    REQUIRE(result.exit_code == 0);
    CHECK(result.err
          == "warning: 1 text of 103 not scored: the model does not know all of their characters\n");
    const PageJson page(result.out);
    CHECK(page.rows("texts") == 102);
    CHECK(page.cell("texts", 1, "line").number() == 4);
    CHECK(page.cell("texts", 1, "text").text() == "agate");
    CHECK(page.cell("not_scored", 0, "line").number() == 3);
    CHECK(page.cell("not_scored", 0, "character").text() == "'O'");
    CHECK(page.fact("scored").number() == 102);
    CHECK(page.fact("not_scored").number() == 1);
    const PageJson alone(run.score({"--json", "agate"}).out);
    CHECK(page.cell("texts", 1, "nats").number()
          == doctest::Approx(alone.fact("nats").number()).epsilon(1e-5));
    CHECK(PageJson(run.score({"--file", file, "--json", "--top", "7"}).out).rows("texts") == 7);
    CHECK(run.score({"--file", file, "--json", "--threads", "3"}).out == result.out);

    CHECK(run.score({"--file", file, "--csv", (run.folder / "out.csv").string()}).exit_code == 0);
    CHECK(lines_of(read_bytes(run.folder / "out.csv")).size() == 103);
    CHECK(lines_of(run.score({"--file", file}).out).size() <= 61);
  }

  TEST_CASE("score: --rank puts the most surprising text first, of a file and of the command line") {
    const ScoredRun run;
    const std::string file = (run.folder / "lines.txt").string();
    write_bytes(file, "opal\nxxxxxx\nagate\n");
    const PageJson ranked(run.score({"--file", file, "--rank", "--json"}).out);
    const PageJson given(run.score({"opal", "xxxxxx", "agate", "--rank", "--json"}).out);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(ranked.cell("texts", i, "text").text() == given.cell("texts", i, "text").text());
      if (i == 0) continue;
      CHECK(ranked.cell("texts", i - 1, "nats_mean").number()
            >= ranked.cell("texts", i, "nats_mean").number());
    }
    CHECK(ranked.cell("texts", 0, "text").text() == "xxxxxx");
    CHECK(PageJson(run.score({"--file", file, "--json"}).out).cell("texts", 0, "text").text() == "opal");
  }

  TEST_CASE("score: --file - is standard input, and a file of which nothing can be scored is an error") {
    const ScoredRun run;
    write_bytes(run.folder / "lines.txt", "opal\nagate\n");
    const auto piped = Process({"/bin/sh", "-c", "\"$M\" score --model run --file - --json < lines.txt"},
                               {.folder = run.folder.path(), .environment = {{"M", MICROGPT_PROGRAM}}})
                           .finish();
    REQUIRE(piped.exit_code == 0);
    const PageJson page(piped.out);
    CHECK(page.fact("file").text() == "standard input");
    CHECK(page.rows("texts") == 2);
    write_bytes(run.folder / "lines.txt", "\nOPAL\nAGATE\n");
    const auto none = run.score({"--file", (run.folder / "lines.txt").string()});
    CHECK(none.exit_code == 3);
    CHECK(refused_in_one_line(none));
    CHECK(none.err.find("line 2") != std::string::npos);
  }

  TEST_CASE("score: what cannot be read is refused by name") {
    const ScoredRun run;
    const auto unknown = run.score({"opal", "\xe2\x82\xac"});
    CHECK(unknown.exit_code == 3);
    CHECK(refused_in_one_line(unknown));
    CHECK(unknown.err.find("'\xe2\x82\xac'") != std::string::npos);
    const auto invalid = run.score({"\xff"});
    CHECK(invalid.exit_code == 2);
    CHECK(refused_in_one_line(invalid));
    const auto none = run.score({});
    CHECK(none.exit_code == 2);
    CHECK(refused_in_one_line(none));
  }

  TEST_CASE("score, study, explain: a model that overflows gives no numbers, but the place where it does") {
    MadeRuns runs;
    runs.save("run", 1, [](microgpt::Parameters<double>& w) {
      w.mlp_fc1(1).setConstant(1e200);
      w.mlp_fc2(1).setConstant(1e200);
    });
    const std::vector<std::vector<std::string>> commands = {
        {"score", "anna"},
        {"eval", "--data", "names.txt"},
        {"sample"},
        {"explain", "attention", "--text", "anna"},
        {"study", "attention", "--text", "anna"},
        {"study", "lens", "--text", "anna"},
        {"study", "ledger", "--text", "anna"},
        {"study", "heads", "--data", "names.txt"},
        {"study", "ablate", "--data", "names.txt"},
        {"study", "gradients", "--text", "anna"},
    };
    for (auto command : commands) {
      command.insert(command.end(), {"--model", "run"});
      CAPTURE(command);
      const auto result = run_microgpt(command, {.folder = runs.folder.path()});
      CHECK(result.exit_code == 6);
      CHECK(result.out == "");
      CHECK_MESSAGE(refused_in_one_line(result), result.err);
      const bool looks_inside = command[0] == "score" || command[0] == "study" || command[0] == "explain";
      CHECK_MESSAGE((!looks_inside || result.err.find("layer1.mlp.out") != std::string::npos), result.err);
    }
  }
}
