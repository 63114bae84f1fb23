// What a run writes, and how it says that a text ended.
#include "microgpt/run/writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "support/made_runs.hpp"

TEST_SUITE("run") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  struct Written {
    std::vector<Token> tokens, seen;
    TextEnd end = TextEnd::own;
    std::optional<std::size_t> stopped_by{};
  };

  Written written(const MadeRuns& runs, const Parameters<double>& parameters, const std::string& prompt,
                  std::vector<std::vector<int>> stop, int max_chars) {
    const SampleConfig sample = {.sampler = {.temperature = 1}, .max_chars = max_chars};
    Writer<double> writer(runs.config, parameters, runs.tokenizer, sample, runs.tokenizer.encode(prompt),
                          StopStrings(std::move(stop)));
    Written text;
    Rng rng(3);
    text.tokens =
        writer.write(rng, [&](Token token, std::span<const double>) { text.seen.push_back(token); });
    text.end = writer.end();
    text.stopped_by = writer.stopped_by();
    return text;
  }

  }  // namespace

  TEST_CASE("run: a writer ends texts at stop strings, and says how each ended") {
    MadeRuns runs;
    for (const bool stream : {false, true}) {
      CAPTURE(stream);
      runs.config.data.mode = stream ? DataMode::stream : DataMode::lines;
      const Parameters<double> parameters = runs.weights(5);
      const Written free = written(runs, parameters, "", {}, 12);
      const Written prompted = written(runs, parameters, "ann", {}, 12);
      CHECK(free.end == (stream || free.tokens.size() < 12 ? TextEnd::own : TextEnd::cut));
      CHECK(!free.stopped_by);
      REQUIRE(free.tokens.size() >= 2);
      const Written stopped = written(runs, parameters, "", {{4, 4}, {free.tokens[0], free.tokens[1]}}, 12);
      CHECK(stopped.end == TextEnd::stopped);
      CHECK(stopped.stopped_by == 1);
      CHECK(stopped.tokens.empty());
      CHECK(stopped.seen.empty());  // not what a stream hides before its text either
      // The prompt may hold it.
      const Written same = written(runs, parameters, "ann", {{0, 3, 3}}, 12);
      const std::vector<Token> prompt = {0, 3, 3};
      REQUIRE(same.tokens.size() >= 3);
      CHECK(std::equal(prompt.begin(), prompt.end(), same.tokens.begin()));
      CHECK(std::equal(same.tokens.begin(), same.tokens.end(), prompted.tokens.begin()));
      // With a long stop string that never comes all is as it was.
      const Written never = written(runs, parameters, "", {std::vector<int>(13, free.tokens[0])}, 12);
      CHECK(never.tokens == free.tokens);
      CHECK(never.seen == free.seen);
      CHECK(never.end == free.end);
    }
  }

  TEST_CASE("run: a prompt may be much longer than the context, and is read as one's own writing is") {
    MadeRuns runs;
    const Parameters<double> parameters = runs.weights(5);
    const std::string prompt = "annaemmaemanmaennanaamen";  // 24, of a context of 6
    const Written text = written(runs, parameters, prompt, {}, 40);
    const auto tokens = runs.tokenizer.encode(prompt);
    CHECK(text.tokens.size() >= tokens.size());
    CHECK(std::equal(tokens.begin(), tokens.end(), text.tokens.begin()));
    // Nothing before the window counts: the first half of this prompt is another.
    const std::string other = "mmmmmmmmmmmmmmmm" + prompt.substr(16);
    const Written more = written(runs, parameters, other, {}, 40);
    CHECK(
        std::equal(text.tokens.begin() + 24, text.tokens.end(), more.tokens.begin() + 24, more.tokens.end()));
  }
}
