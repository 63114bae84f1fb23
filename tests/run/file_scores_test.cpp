// The texts of a file, scored and ranked, against the scores of single texts.
#include "microgpt/run/file_scores.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/run/evaluation.hpp"
#include "support/errors.hpp"
#include "support/made_runs.hpp"

TEST_SUITE("run") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  struct RunWithFile : MadeRuns {
    RunWithFile() { save("run", 5); }
    [[nodiscard]] std::string file(const std::string& text) const {
      write_bytes(folder / "texts.txt", text);
      return (folder / "texts.txt").string();
    }
    [[nodiscard]] FileScores score(const std::string& text, int threads = 1) const {
      return score_file(load("run", 5), file(text), threads);
    }
  };

  }  // namespace

  TEST_CASE("run: each line of a file has the score of the text alone, and its place") {
    const RunWithFile run;
    const std::string lines = "\xef\xbb\xbf\n anna\t\r\n\r\nemma\r  \nnannannannannannamm\n\nemma";
    const FileScores scores = run.score(lines, 2);
    CHECK(scores.name == (run.folder / "texts.txt").string());
    REQUIRE(scores.scored.size() == 4);
    CHECK(scores.not_scored.empty());
    const std::vector<std::string> texts = {"anna", "emma", "nannannannannannamm", "emma"};
    const std::size_t places[] = {2, 4, 6, 8};
    const auto alone = score_texts(run.load("run", 5), texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(scores.scored[i].text == texts[i]);
      CHECK(scores.scored[i].line == places[i]);
      CHECK(scores.scored[i].loss.characters == texts[i].size() + 1);
      CHECK(scores.scored[i].loss.nats == doctest::Approx(alone[i].total()).epsilon(1e-10));
    }
    const FileScores again = run.score(lines, 1);
    for (std::size_t i = 0; i < texts.size(); ++i)
      CHECK(again.scored[i].loss.nats == scores.scored[i].loss.nats);
  }

  TEST_CASE("run: ranked, the most surprising text comes first, and equal ones stay in order") {
    const RunWithFile run;
    FileScores scores = run.score("anna\nemma\nmmmm\nanna\nee\n");
    rank(scores);
    const auto mean = [&](std::size_t i) {
      const LossSum& loss = scores.scored[i].loss;
      return loss.nats / static_cast<double>(loss.characters);
    };
    for (std::size_t i = 0; i + 1 < scores.scored.size(); ++i) CHECK(mean(i) >= mean(i + 1));
    CHECK(std::abs(mean(0) - mean(4)) > 1e-3);  // or the order would say nothing
    scores.scored = {{1, "anna", {6, 5}}, {2, "emma", {9, 5}}, {3, "mmmm", {6, 5}}, {4, "anna", {6, 5}}};
    rank(scores);
    const std::size_t places[] = {2, 1, 3, 4};
    for (std::size_t i = 0; i < 4; ++i) CHECK(scores.scored[i].line == places[i]);
  }

  TEST_CASE("run: a text with an unknown character is set aside, and if all are it is an error") {
    const RunWithFile run;
    const FileScores scores = run.score("anna\nAnna\n\nem\xe2\x82\xacma\nemma\n");
    REQUIRE(scores.scored.size() == 2);
    CHECK(scores.scored[1].line == 5);
    REQUIRE(scores.not_scored.size() == 2);
    CHECK(scores.not_scored[0].line == 2);
    CHECK(scores.not_scored[0].text == "Anna");
    CHECK(scores.not_scored[0].character == U'A');
    CHECK(scores.not_scored[1].line == 4);
    CHECK(scores.not_scored[1].character == U'\u20ac');
    const auto refused = [&](const std::string& text) { return failure_of([&] { (void)run.score(text); }); };
    const std::string path = (run.folder / "texts.txt").string();
    CHECK(refused("\nAnna\nxyz\n").is(Fault::data, {.where = path + ", line 2", .hint = "knows 'a'"}));
    CHECK(refused(" \n").is(Fault::data, {.where = path}));
    CHECK(refused("a\xff").is(Fault::data, {.where = path + ", line 1, byte 1"}));
  }

  TEST_CASE("run: paragraphs and a stream are scored as the model was trained on them") {
    RunWithFile run;
    run.config.data.mode = DataMode::paragraphs;
    run.tokenizer = Tokenizer(std::vector<char32_t>{U'\n', U'a', U'e', U'm'});
    run.save("verse", 5);
    const Checkpoint verse = run.load("verse", 5);
    const FileScores two = score_file(verse, run.file("\n\nam\r\nma\n\n \nee\n"), 1);
    REQUIRE(two.scored.size() == 2);
    CHECK(two.scored[0].text == "am\nma");
    CHECK(two.scored[0].line == 3);
    CHECK(two.scored[1].line == 7);
    const std::string paragraph[] = {"am\nma"};
    CHECK(two.scored[0].loss.nats
          == doctest::Approx(score_texts(verse, paragraph)[0].total()).epsilon(1e-10));

    run.config.data.mode = DataMode::stream;
    run.save("stream", 5);
    const Checkpoint stream = run.load("stream", 5);
    std::string whole = "am\n\n";
    for (int i = 0; i < 20'000; ++i) whole += "eamm"[i % 4];
    const FileScores one = score_file(stream, run.file(whole), 2);
    REQUIRE(one.scored.size() == 1);
    CHECK(one.scored[0].loss.characters == whole.size());
    const std::string all[] = {whole};
    CHECK(one.scored[0].loss.nats == doctest::Approx(score_texts(stream, all)[0].total()).epsilon(1e-9));
  }

  TEST_CASE("run: a model that overflows on a file is an error that says where") {
    const RunWithFile run;
    run.save("huge", 5, [](Parameters<double>& w) {
      w.mlp_fc1(1).setConstant(1e200);
      w.mlp_fc2(1).setConstant(1e200);
    });
    const std::string path = run.file("anna\n" + std::string(100'000, 'e') + "\n");
    const Failure failure = failure_of([&] { (void)score_file(run.load("huge", 5), path, 1); });
    CHECK(failure.is(Fault::numeric, {.hint = "layer1.mlp.out"}));
    CHECK(failure.is_one_line());
    CHECK(failure.message.size() < 500);
  }
}
