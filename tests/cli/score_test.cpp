#include <doctest/doctest.h>

#include <cmath>

#include "cli/small_run.hpp"
#include "support/json.hpp"

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

TEST_SUITE("cli") {
  TEST_CASE("score: probabilities of every character and of the end, and their total") {
    const ScoredRun run;
    const auto result = run.score({"--json", "opal", "", "gr\xc3\xa8s", "opalopalopalopal"});
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    const Json texts = Json::parse(result.out)["texts"];
    REQUIRE(texts.size() == 4);
    const std::size_t lengths[] = {4, 0, 4, 16};
    for (std::size_t t = 0; t < 4; ++t) {
      const Json characters = texts[t]["characters"];
      REQUIRE(characters.size() == lengths[t]);
      double bits = texts[t]["end"]["bits"].number();
      std::string text;
      for (std::size_t i = 0; i < characters.size(); ++i) {
        const double p = characters[i]["probability"].number();
        CHECK(characters[i]["bits"].number() == doctest::Approx(-std::log2(p)).epsilon(1e-9));
        bits += characters[i]["bits"].number();
        text += characters[i]["character"].text();
      }
      CHECK(text == texts[t]["text"].text());
      CHECK(texts[t]["bits"].number() == doctest::Approx(bits).epsilon(1e-12));
      CHECK(texts[t]["nats"].number() == doctest::Approx(bits * std::log(2.0)).epsilon(1e-12));
    }
  }

  TEST_CASE("score: a sample's probabilities are what score says of it") {
    const ScoredRun run;
    const auto samples =
        Json::parse(run_microgpt(run.sample({"-n", "5", "--json", "--temperature", "2"})).out);
    for (std::size_t s = 0; s < 5; ++s) {
      const Json sample = samples["samples"][s];
      const Json scored = Json::parse(run.score({"--json", sample["text"].text()}).out)["texts"][0];
      REQUIRE(sample["probabilities"].size() == scored["characters"].size());
      for (std::size_t i = 0; i < scored["characters"].size(); ++i) {
        CHECK(sample["probabilities"][i].number() == scored["characters"][i]["probability"].number());
      }
      if (sample["end"].dump() != "null")
        CHECK(sample["end"].number() == scored["end"]["probability"].number());
    }
  }

  TEST_CASE("score: the sum over a split's lines is what eval says of them") {
    const ScoredRun run;
    write_bytes(run.folder / "few.txt", "opal\nagate\nonyx\n");
    const auto eval = Json::parse(run_microgpt({"eval", "--model", run.out.string(), "--data",
                                                (run.folder / "few.txt").string(), "--json"})
                                      .out);
    const auto texts = Json::parse(run.score({"--json", "opal", "agate", "onyx"}).out)["texts"];
    const double nats = texts[0]["nats"].number() + texts[1]["nats"].number() + texts[2]["nats"].number();
    CHECK(nats
          == doctest::Approx(eval["characters"].number() * eval["nats_token_mean"].number()).epsilon(1e-5));
  }

  TEST_CASE("score: the drawing has the text, its figures and bars under it") {
    const ScoredRun run;
    const auto result = run.score({"opal"});
    CHECK(result.exit_code == 0);
    const auto lines = lines_of(result.out);
    REQUIRE(lines.size() == 5);
    CHECK(lines[0].find("o       p       a       l   (end)") != std::string::npos);
    CHECK(lines[1].starts_with("probability"));
    CHECK(lines[2].starts_with("bits"));
    CHECK(lines[3].find("\xe2\x96") != std::string::npos);
    CHECK(lines[4].starts_with("total"));
    // Ten characters a row: a text of 16 and its end take two.
    CHECK(lines_of(run.score({"opalopalopalopal"}).out).size() == 9);
    // Two texts, an empty line between.
    CHECK(lines_of(run.score({"opal", "jade"}).out).size() == 11);
  }

  TEST_CASE("score: what cannot be read is refused by name") {
    const ScoredRun run;
    const auto unknown = run.score({"opal", "\xe2\x82\xac"});
    CHECK(unknown.exit_code == 3);
    CHECK(refused_in_one_line(unknown));
    CHECK(unknown.err.find("U+20AC") != std::string::npos);
    const auto invalid = run.score({"\xff"});
    CHECK(invalid.exit_code == 2);
    CHECK(refused_in_one_line(invalid));
    const auto none = run.score({});
    CHECK(none.exit_code == 2);
    CHECK(refused_in_one_line(none));
  }

  TEST_CASE("score: columns stay below one another, whatever the characters take on a screen") {
    const SmallRun small;
    // Ideographs take two columns; a combining mark would join what stands before it.
    write_bytes(small.text, "\xe6\xbc\xa2\xe5\xad\x97\ne\xcc\x81\xcc\x80\nab c\n");
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.held_out=0"})).exit_code == 0);
    const auto lines = [&](const std::string& text) {
      const auto result = run_microgpt({"score", "--model", small.out.string(), text});
      REQUIRE(result.exit_code == 0);
      return lines_of(result.out);
    };
    const std::string indent(11, ' ');
    CHECK(lines("\xe6\xbc\xa2\x61")[0] == indent + "      \xe6\xbc\xa2       a   (end)");
    CHECK(lines("e\xcc\x81\x62")[0] == indent + "       e       \xe2\x97\x8c\xcc\x81       b   (end)");
    CHECK(lines("a b")[0] == indent + "       a       \xe2\x90\xa3       b   (end)");
  }
}
