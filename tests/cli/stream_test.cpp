// What sample, score and eval do with a model of one stream without documents.
#include <doctest/doctest.h>

#include <cmath>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  /// Verse after verse, newlines and all.
  struct StreamRun : SmallRun {
    explicit StreamRun(const std::string& verse = "the cat sat.\na dog ran off!\n\n") {
      std::string all;
      for (int i = 0; i < 40; ++i) all += verse + std::to_string(i % 7);
      write_bytes(text, all);
      REQUIRE(run_microgpt(train({"--quiet", "--set", "data.mode=stream", "--set", "data.test=0.1", "--set",
                                  "sample.max_chars=30"}))
                  .exit_code
              == 0);
    }
  };

  std::size_t characters_of(const std::string& text) {
    std::size_t characters = 0;
    for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 0U : 1U;
    return characters;
  }

  }  // namespace

  TEST_CASE("stream: samples are as long as asked, beyond the context too, and never end") {
    const StreamRun run;
    for (const int longest : {1, 8, 9, 50}) {
      const auto document = Json::parse(run_microgpt(run.sample({"-n", "6", "--json", "--temperature", "3",
                                                                 "--max-chars", std::to_string(longest)}))
                                            .out);
      for (std::size_t i = 0; i < 6; ++i) {
        const Json sample = document["samples"][i];
        CHECK(characters_of(sample["text"].text()) == static_cast<std::size_t>(longest));
        CHECK(sample["probabilities"].size() == static_cast<std::size_t>(longest));
        CHECK(sample["end"].dump() == "null");
        CHECK(sample["probabilities"][0].number() > 0);  // a newline stands before it
      }
    }
    // Parted by a blank line, as paragraphs are.
    const auto plain = run_microgpt(run.sample({"-n", "3"}));
    const auto document = Json::parse(run_microgpt(run.sample({"-n", "3", "--json"})).out);
    std::string expected;
    for (std::size_t i = 0; i < 3; ++i) expected += document["samples"][i]["text"].text() + "\n\n";
    CHECK(plain.out == expected);
    CHECK(run_microgpt(run.sample({"-n", "3", "--stream"})).out == expected);
  }

  TEST_CASE("stream: a prompt of one's own stands where the newline stood, and counts") {
    const StreamRun run;
    const auto document = Json::parse(
        run_microgpt(run.sample({"-n", "4", "--json", "--prompt", "the", "--max-chars", "12"})).out);
    for (std::size_t i = 0; i < 4; ++i) {
      const Json sample = document["samples"][i];
      CHECK(sample["text"].text().starts_with("the"));
      CHECK(characters_of(sample["text"].text()) == 12);
      CHECK(sample["probabilities"].size() == 12);
      CHECK(sample["probabilities"][0].dump() == "null");  // nothing stands before it
      CHECK(sample["probabilities"][1].number() > 0);
    }
    // The newline by hand: the same draws after it.
    const auto hidden = Json::parse(run_microgpt(run.sample({"-n", "1", "--json", "--max-chars", "12"})).out);
    const auto shown = Json::parse(
        run_microgpt(run.sample({"-n", "1", "--json", "--max-chars", "13", "--prompt", "\n"})).out);
    CHECK('\n' + hidden["samples"][0]["text"].text() == shown["samples"][0]["text"].text());
  }

  TEST_CASE("stream: a text without a newline begins with its first character") {
    const StreamRun run("zyx.xyz ");  // the vocabulary begins with the space
    const auto hidden = Json::parse(run_microgpt(run.sample({"-n", "1", "--json", "--max-chars", "12"})).out);
    const auto shown = Json::parse(
        run_microgpt(run.sample({"-n", "1", "--json", "--max-chars", "13", "--prompt", " "})).out);
    CHECK(' ' + hidden["samples"][0]["text"].text() == shown["samples"][0]["text"].text());
  }

  TEST_CASE("stream: score has no end, and agrees with the samples' probabilities") {
    const StreamRun run;
    const auto sample = Json::parse(run_microgpt(run.sample({"-n", "1", "--json"})).out)["samples"][0];
    const PageJson scored(
        run_microgpt({"score", "--model", run.out.string(), "--json", sample["text"].text()}).out);
    REQUIRE(scored.rows("text_1") == 31);  // and the total
    for (std::size_t i = 0; i < 30; ++i) {
      CHECK(scored.cell("text_1", i, "probability").number() == sample["probabilities"][i].number());
    }
    CHECK(run_microgpt({"score", "--model", run.out.string(), ""}).exit_code == 2);
  }

  TEST_CASE("stream: eval reads consecutive windows of the part that was kept from training") {
    const StreamRun run;
    const auto json = [&](const std::string& split) {
      const auto result = run_microgpt({"eval", "--model", run.out.string(), "--split", split, "--json"});
      CAPTURE(result.err);
      REQUIRE(result.exit_code == 0);
      return PageJson(result.out);
    };
    const PageJson val = json("val");
    const auto lines = lines_of(read_bytes(run.out / "metrics.jsonl"));
    CHECK(val.fact("nats").number()
          == doctest::Approx(Json::parse(lines.back())["held_out_loss"].number()).epsilon(1e-6));
    CHECK(val.fact("windows").number() == std::ceil(val.fact("characters").number() / 8));
    CHECK(val.rows("baselines") == 7);
    // Every character but the first of each part is predicted once.
    const double all = json("all").fact("characters").number();
    CHECK(all == static_cast<double>(read_bytes(run.text).size()) - 1);
    CHECK(json("train").fact("characters").number() + val.fact("characters").number()
              + json("test").fact("characters").number()
          == all - 2);
  }

  TEST_CASE("stream: a sample is new if it is not blank and no piece of the training part") {
    const StreamRun run;
    const auto result = run_microgpt(run.sample({"-n", "40", "--json", "--report", "--max-chars", "3"}));
    REQUIRE(result.exit_code == 0);
    const auto document = Json::parse(result.out);
    const std::string all = read_bytes(run.text);
    const std::string training = all.substr(0, all.size() * 7 / 10 + 1);
    int fresh = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      const Json sample = document["samples"][i];
      const std::string text = sample["text"].text();
      const bool is_piece = training.find(text) != std::string::npos;
      const bool is_new = !is_piece && text.find_first_not_of(" \n") != std::string::npos;
      CHECK((sample["new"].dump() == "true") == is_new);
      CHECK((sample["copied"].text() == text) == is_piece);
      CHECK(!sample.has("distance"));
      fresh += is_new ? 1 : 0;
    }
    CHECK(PageJson(document["report"]).fact("new").number() == fresh);
  }
}
