#include "microgpt/evaluate/novelty_tally.hpp"

#include <doctest/doctest.h>

#include <cmath>

TEST_SUITE("evaluate") {
  using namespace microgpt;

  TEST_CASE("novelty tally: every sample is new, known or blank, and a cut piece of the text is known") {
    const std::vector<std::string_view> training = {"anna", "emma", "emmanuel"};
    const std::vector<std::string_view> held_out = {"ann"};
    const std::string_view all = "anna emma emmanuel ann x\n";
    const Tokenizer tokenizer(std::span(&all, 1));
    NoveltyTally tally(training, held_out, tokenizer, DataMode::lines);
    const auto add = [&](const std::string& text, TextEnd end = TextEnd::own) {
      return tally.add(text, tokenizer.encode(text), end);
    };
    const SampleNovelty gemma = add("xemman");  // one longer than a piece of emmanuel
    CHECK(gemma.is_new);
    CHECK(gemma.distance == 2);
    CHECK(gemma.nearest == "emma");
    CHECK(gemma.copied == "emman");
    CHECK(!add("anna").is_new);
    CHECK(!add("").is_new);
    CHECK(!add("  ").is_new);
    CHECK(!add(" \n", TextEnd::stopped).is_new);
    CHECK(!tally.is_new("\n\n", TextEnd::cut));
    CHECK(!add("mmanue", TextEnd::cut).is_new);
    CHECK(!add("manu", TextEnd::stopped).is_new);
    CHECK(tally.is_new("manu", TextEnd::own));
    CHECK(add("ann").is_new);  // and held out
    CHECK(add("xemman").is_new);
    const NoveltySummary s = tally.summary();
    CHECK(s.samples == 9);
    CHECK(s.training_documents == 3);
    CHECK(s.fresh == 3);
    CHECK(s.known == 3);
    CHECK(s.blank == 3);
    CHECK(s.cut == 1);
    CHECK(s.stopped == 2);
    CHECK(s.repeated == 1);
    CHECK(s.held_out == 1);
    CHECK(s.distance->mean == doctest::Approx((2 + 1 + 2) / 3.0));
    CHECK(s.copied->mean == doctest::Approx((5 + 3 + 5) / 3.0));
    CHECK(s.distance->interval->low < s.distance->mean);
    CHECK(s.longest_copied == 5);
    CHECK(s.longest_piece == "emman");
    CHECK(s.longest_in == "xemman");
    CHECK(s.longest_from == "emmanuel");
  }

  TEST_CASE("novelty tally: a stream has pieces and no documents") {
    const std::vector<std::string_view> training = {"anna emma"};
    const Tokenizer tokenizer(training);
    NoveltyTally tally(training, {}, tokenizer, DataMode::stream);
    CHECK(tally.summary().samples == 0);
    CHECK(!tally.summary().copied);
    CHECK(!tally.add("na em", tokenizer.encode("na em"), TextEnd::own).is_new);
    CHECK(tally.add("em an", tokenizer.encode("em an"), TextEnd::own).is_new);
    const NoveltySummary s = tally.summary();
    CHECK(s.fresh == 1);
    CHECK(s.known == 1);
    CHECK(!s.held_out);
    CHECK(!s.distance);
    CHECK(s.training_documents == 0);
    CHECK(!s.copied->interval);  // of one
    CHECK(s.copied->mean == 2);  // "em" or " a"
  }
}
