#include "microgpt/run/recipe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "microgpt/run/plan.hpp"
#include "microgpt/run/session.hpp"
#include "support/errors.hpp"
#include "support/numbers.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// `count` words of 3 to `longest` letters.
  std::string words(int count, int longest, const std::string& between) {
    Noise noise(static_cast<std::uint64_t>(count * longest));
    std::string text;
    for (int i = 0; i < count; ++i) {
      for (int letters = noise.whole(3, longest); letters > 0; --letters) {
        text += static_cast<char>('a' + noise.whole(0, 25));
      }
      text += between;
    }
    return text;
  }

  /// Verses of so many lines of about 40 characters, with a blank line between.
  std::string verses(int count, int lines) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      for (int line = 0; line < lines; ++line) text += words(6, 8 + (i + line) % 3, " ") + "\n";
      text += "\n";
    }
    return text;
  }

  RunConfig parts_of(const std::string& text) {
    RunConfig config;
    choose_mode(profile_text(text), config);
    choose_parts(profile_text(text), config);
    return config;
  }

  }  // namespace

  TEST_CASE("recipe: short lines are a list, whose context fits nearly all of them") {
    const RunConfig names = parts_of(words(3000, 14, "\n"));
    CHECK(names.data.mode == DataMode::lines);
    CHECK(names.model.block_size == 16);
    CHECK(names.data.held_out == 0.1);
    CHECK(parts_of(words(60, 20, "\n")).data.held_out == 0.2);
    const RunConfig few = parts_of("anna\nbela\ncili\n");
    CHECK(few.data.mode == DataMode::lines);
    CHECK(few.data.held_out == 0);
    CHECK(few.model.block_size == 8);
  }

  TEST_CASE("recipe: short verses are paragraphs, and everything else that is no list is one stream") {
    CHECK(parts_of(verses(300, 3)).data.mode == DataMode::paragraphs);
    CHECK(parts_of(verses(300, 30)).data.mode == DataMode::stream);
    CHECK(parts_of(verses(5, 3)).data.mode == DataMode::stream);
    CHECK(parts_of(words(20000, 9, " ")).data.mode == DataMode::stream);  // one long line
    std::string log, wrapped;
    for (int i = 0; i < 500; ++i) log += "2026-01-01 12:00:00 INFO server: " + words(8, 9, " ") + "\n";
    for (int i = 0; i < 500; ++i)
      wrapped += words(60, 9, " ").substr(0, static_cast<std::size_t>(52 + i % 6)) + "\n";
    CHECK(parts_of(log).data.mode == DataMode::stream);
    CHECK(parts_of(wrapped).data.mode == DataMode::stream);
  }

  TEST_CASE("recipe: the model grows with the text and with the time, and is a valid one") {
    TextProfile profile;
    profile.lines.parts = profile.paragraphs.parts = 1000;
    for (const DataMode mode : {DataMode::lines, DataMode::stream}) {
      int before = 0;
      for (const std::size_t characters : {100U, 10'000U, 100'000U, 1'000'000U, 100'000'000U}) {
        profile.characters = characters;
        int shorter = 0;
        for (const double seconds : {1.0, 30.0, 600.0, 36000.0}) {
          RunConfig config;
          config.data.mode = mode;
          choose_model(profile, seconds, 5e10, config);
          CHECK(config.model.n_embd % config.model.n_head == 0);
          CHECK(config.model.n_embd >= shorter);
          shorter = config.model.n_embd;
          static_cast<void>(with_overrides(config, {}));  // throws if a value is out of range
        }
        CHECK(shorter >= before);
        before = shorter;
      }
      CHECK(before > 150);
    }
  }

  TEST_CASE(
      "recipe: fine-tuning keeps the model's shape, is gentle, and fits kept moments to their optimizer") {
    RunConfig from;
    from.model = {.n_layer = 3, .n_embd = 40, .n_head = 5, .block_size = 24};
    from.train.optimizer = OptimizerKind::muon;
    from.train.beta2 = 0.97;
    for (const DataMode mode : {DataMode::lines, DataMode::stream}) {
      RunConfig fresh, tuned, kept;
      fresh.data.mode = tuned.data.mode = kept.data.mode = mode;
      kept.keep_moments = true;
      TextProfile profile;
      profile.characters = 1000;
      choose_parts(profile, tuned);
      const int of_text = tuned.model.block_size;
      kept.model = tuned.model;
      choose_training(fresh);
      choose_fine_tuning(from, tuned);
      choose_fine_tuning(from, kept);
      CHECK(tuned.model.n_layer == 3);
      CHECK(tuned.model.n_embd == 40);
      CHECK(tuned.model.n_head == 5);
      CHECK(tuned.model.block_size == (mode == DataMode::stream ? std::min(24, of_text) : 24));
      CHECK(tuned.train.learning_rate < fresh.train.learning_rate);
      CHECK(tuned.train.muon_learning_rate < fresh.train.muon_learning_rate);
      CHECK(tuned.train.optimizer == fresh.train.optimizer);
      CHECK(kept.train.optimizer == OptimizerKind::muon);
      CHECK(kept.train.beta2 == 0.97);
    }
  }

  TEST_CASE("recipe: a run's steps are what fits, evaluations included") {
    const Cost cost = {.step = 0.01, .evaluation = 0.5};
    CHECK(steps_within(100, cost, 0) == doctest::Approx((95 - 0.5) / 0.01).epsilon(0.001));
    CHECK(steps_within(100, cost, 100) == doctest::Approx(95 / 0.015).epsilon(0.001));
    CHECK(steps_within(0.001, cost, 0) == 1);
    CHECK(steps_within(1e8, {.step = 1e-6}, 0) == 1'000'000'000);
  }

  TEST_CASE("recipe: evaluations take a small part of the time, however slow they are") {
    const auto chosen = [](double seconds, const Cost& cost, const std::vector<std::string>& overrides = {}) {
      RunConfig config;
      choose_steps(cost, seconds, 10, overrides, config);
      return config;
    };
    // Ten evaluations of 0.01 s are nothing; ten of 2 s are two thirds of the time, so there are two; one of 60 s would be
    // more than there is, so it is of less text.
    const RunConfig fast = chosen(30, {.step = 0.01, .evaluation = 0.01, .evaluated = 50'000});
    CHECK(fast.train.steps == doctest::Approx((0.95 * 29.91 - 0.01) / 0.01).epsilon(0.01));
    CHECK(fast.train.steps / fast.eval_every <= 10);
    CHECK(fast.train.steps / fast.eval_every >= 9);
    CHECK(fast.eval_positions == 200'000);
    const RunConfig slow = chosen(30, {.step = 0.01, .evaluation = 2, .evaluated = 50'000});
    CHECK(slow.train.steps > 2300);
    CHECK(slow.train.steps / slow.eval_every == 1);  // and once more at the end
    const RunConfig slowest = chosen(30, {.step = 0.01, .evaluation = 60, .evaluated = 200'000});
    CHECK(slowest.eval_positions == 15'000);
    CHECK(slowest.train.steps > 2300);
    CHECK(slowest.train.steps == slowest.eval_every);
    CHECK(chosen(0, {.step = 1, .evaluation = 1, .evaluated = 10}).train.steps == 1);
    // What is given counts as it is.
    CHECK(chosen(30, {.step = 0.01, .evaluation = 0.09, .evaluated = 10}, {"train.eval_every=1"}).train.steps
          == 285);
  }

  TEST_CASE("recipe: a title before one long line is no list, and no beginning to measure by") {
    CHECK(parts_of("Title\n" + std::string(5000, 'x') + "\n").data.mode == DataMode::stream);
    CHECK(beginning_of("Title\n\nabcdefghijklmno", 14) == "Title\n\nabcdefg");
    CHECK(beginning_of("anna\nbela\ncili\n", 12) == "anna\nbela");
    CHECK(beginning_of("anna\n", 12) == "anna\n");
    CHECK(beginning_of("aaa\u00e9\u00e9\u00e9", 6) == "aaa\u00e9");
  }

  TEST_CASE("recipe: blank lines between files do not make a list running text") {
    std::string text;
    for (int file = 0; file < 40; ++file) text += words(8, 9, "\n") + "\n";
    CHECK(choose_recipe(text, "a", {.seconds = 0.1}).config.data.mode == DataMode::stream);
    CHECK(choose_recipe(text, "a", {.seconds = 0.1, .joints = 40}).config.data.mode == DataMode::lines);
  }

  TEST_CASE("recipe: a chosen config trains as it is, and overrides go through it all") {
    const std::string text = words(400, 9, "\n");
    const Recipe recipe = choose_recipe(
        text, "a.txt", {.seconds = 0.3, .overrides = {"model.n_embd=16", "train.batch_size=5"}});
    CHECK(recipe.reasons.size() == 3);
    CHECK(recipe.config.model.n_embd == 16);
    CHECK(recipe.config.train.batch_size == 5);
    CHECK(recipe.config.data.path == "a.txt");
    CHECK(recipe.config.train.steps >= 1);
    CHECK(recipe.config.eval_every >= 1);
    CHECK(to_json(recipe.config) == to_json(with_overrides(recipe.config, {})));
    CHECK(choose_recipe(text, "a.txt", {.seconds = 0.2, .overrides = {"train.steps=7"}}).config.train.steps
          == 7);
    CHECK(failure_of([&] {
            choose_recipe(text, "a.txt", {.seconds = 0.2, .overrides = {"model.n_embd=x"}});
          }).fault
          == 2);
  }

  TEST_CASE("recipe: texts of every size and kind give a config that can be trained") {
    struct Text {
      const char* name;
      std::string text;
    };
    const Text texts[] = {{"one character", "a"},
                          {"one line", "hello\n"},
                          {"twenty lines", words(20, 12, "\n")},
                          {"one line twice", "anna\nanna\n"},
                          {"a short stream", words(40, 9, " ")},
                          {"a stream of 200 characters without a space", std::string(200, 'x')},
                          {"verses", verses(10, 4)}};
    for (const Text& one : texts) {
      CAPTURE(one.name);
      const Recipe recipe = choose_recipe(one.text, "text", {.seconds = 0.1});
      Rng rng(recipe.config.seed);
      const Corpus corpus =
          Corpus::make(Dataset::from_text(one.text, recipe.config.data.mode, ByteOrderMark::drop),
                       recipe.config.data, static_cast<std::size_t>(recipe.config.model.block_size), rng);
      CHECK(!corpus.training.empty());
    }
  }
}
