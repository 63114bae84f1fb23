#include "microgpt/generate/generator.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/model/gpt.hpp"
#include "support/model.hpp"

TEST_SUITE("generate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kConfig = {.n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = 8, .vocab_size = 10};
  constexpr int kBos = 9;

  /// Logits after the last of the tokens, by the whole forward pass.
  Numbers logits_after(const ModelConfig& config, const Parameters<double>& parameters,
                       std::vector<int> tokens) {
    tokens.push_back(0);  // a target, which no logit depends on
    const Batch batch = batch_of({tokens});
    Activations<double> a(config, batch.positions());
    gpt_forward<double>(config, parameters, batch, a);
    Numbers logits;
    for (Index t = 0; t < config.vocab_size; ++t) {
      logits.push_back(a.logits()(a.positions() - 1, t));
    }
    return logits;
  }

  std::size_t most_probable(const Numbers& logits) {
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  /// The greedy continuation as the header tells it: the most probable character, and where the
  /// context is full, on from its last half.
  std::vector<int> greedy(const ModelConfig& config, const Parameters<double>& parameters,
                          const std::vector<int>& prompt, int max_chars) {
    const int bos = config.vocab_size - 1;
    std::vector<int> context = {bos};
    std::vector<int> text;
    const auto add = [&](int token) {
      if (static_cast<int>(context.size()) == config.block_size) {
        context.erase(context.begin(), context.end() - config.block_size / 2);
      }
      context.push_back(token);
      text.push_back(token);
    };
    for (const int token : prompt) add(token);
    while (static_cast<int>(text.size()) < max_chars) {
      const auto token = static_cast<int>(most_probable(logits_after(config, parameters, context)));
      if (token == bos) break;
      add(token);
    }
    return text;
  }

  /// BOS made as good as impossible, or as good as certain.
  void bias_bos(Parameters<double>& parameters, double factor) {
    auto head = parameters.lm_head();
    for (Index c = 0; c < head.cols(); ++c) head(head.rows() - 1, c) *= factor;
  }

  GenerateOptions at(double temperature, int max_chars) {
    return {.sampler = {.temperature = temperature}, .max_chars = max_chars};
  }

  bool begins_with(const std::vector<int>& text, const std::vector<int>& prompt) {
    return text.size() >= prompt.size() && std::equal(prompt.begin(), prompt.end(), text.begin());
  }

  }  // namespace

  TEST_CASE("generator: temperature 0 takes the most probable character") {
    Noise noise(41);
    std::size_t longest = 0;
    for (int i = 0; i < 30; ++i) {
      ModelConfig config = kConfig;
      config.block_size = noise.whole(1, 9);
      auto parameters = random_parameters<double>(config, noise);
      bias_bos(parameters, 0.1);
      Generator<double> generator(config, parameters);
      // Up to five contexts long, with prompts that outgrow the context too.
      const auto prompt = noise.wholes(static_cast<std::size_t>(noise.whole(0, 12)), 0, kBos - 1);
      const int max_chars = 5 * config.block_size;
      Rng rng(0);
      const Rng::State before = rng.state();
      const auto text = generator.generate(prompt, at(0, max_chars), rng);
      CHECK_MESSAGE(text == greedy(config, parameters, prompt, max_chars), describe(config), " prompt of ",
                    prompt.size(), ", text of ", text.size());
      CHECK(rng.state() == before);  // nothing is drawn
      longest = std::max(longest, text.size());
    }
    CHECK(longest >= 40);
  }

  TEST_CASE("generator: texts may be longer than the context and never longer than asked") {
    Noise noise(42);
    auto parameters = random_parameters<double>(kConfig, noise);
    bias_bos(parameters, 0.1);
    Generator<double> generator(kConfig, parameters);
    Rng rng(5);
    bool reached = false;
    for (int max_chars = 0; max_chars <= 60; ++max_chars) {
      const auto text = generator.generate({}, at(1.0, max_chars), rng);
      CHECK(static_cast<int>(text.size()) <= max_chars);
      CHECK(std::all_of(text.begin(), text.end(), [](int t) { return t >= 0 && t < kBos; }));
      reached |= max_chars > 3 * kConfig.block_size && static_cast<int>(text.size()) == max_chars;
    }
    CHECK_MESSAGE(reached, "no text of more than three contexts came out");
  }

  TEST_CASE("generator: the prompt is kept and counts") {
    Noise noise(43);
    const auto parameters = random_parameters<double>(kConfig, noise);
    Generator<double> generator(kConfig, parameters);
    Rng rng(6);
    for (std::size_t length = 0; length <= 20; ++length) {
      const auto prompt = noise.wholes(length, 0, kBos - 1);
      const auto text = generator.generate(prompt, at(1.0, 14), rng);
      CHECK(begins_with(text, prompt));
      CHECK(text.size() <= std::max<std::size_t>(14, length));
    }
  }

  TEST_CASE("generator: the same seed gives the same text and another seed another") {
    Noise noise(44);
    const auto parameters = random_parameters<double>(kConfig, noise);
    const auto ten_texts = [&](std::uint64_t seed) {
      Generator<double> generator(kConfig, parameters);
      Rng rng(seed);
      std::vector<std::vector<int>> texts;
      for (int i = 0; i < 10; ++i) texts.push_back(generator.generate({}, at(1.0, 20), rng));
      return texts;
    };
    CHECK(ten_texts(1) == ten_texts(1));
    CHECK(ten_texts(1) != ten_texts(2));
  }

  TEST_CASE("generator: a text does not depend on those before it") {
    Noise noise(45);
    const auto parameters = random_parameters<double>(kConfig, noise);
    Generator<double> used(kConfig, parameters);
    Rng rng(7);
    for (int i = 0; i < 5; ++i) used.generate({}, at(1.0, 30), rng);
    Generator<double> fresh(kConfig, parameters);
    Rng one(8);
    Rng other(8);
    CHECK(used.generate({}, at(1.0, 30), one) == fresh.generate({}, at(1.0, 30), other));
  }

  TEST_CASE("generator: characters come as often as their probabilities say") {
    Noise noise(46);
    const auto parameters = random_parameters<double>(kConfig, noise, 0.3);
    Generator<double> generator(kConfig, parameters);
    const std::vector<int> prompt = {3, 1, 4};
    const Numbers logits = logits_after(kConfig, parameters, {kBos, 3, 1, 4});
    for (const double temperature : {0.5, 1.0, 2.0}) {
      Numbers expected;
      double total = 0;
      for (const double logit : logits) total += std::exp(logit / temperature);
      for (const double logit : logits) expected.push_back(std::exp(logit / temperature) / total);

      constexpr int kDraws = 20000;
      Numbers seen(logits.size());
      Rng rng(9);
      for (int i = 0; i < kDraws; ++i) {
        const auto text = generator.generate(prompt, at(temperature, 4), rng);
        ++seen[static_cast<std::size_t>(text.size() == 3 ? kBos : text.back())];
      }
      double chi_square = 0;
      for (std::size_t t = 0; t < seen.size(); ++t) {
        const double mean = kDraws * expected[t];
        REQUIRE(mean > 5);
        chi_square += (seen[t] - mean) * (seen[t] - mean) / mean;
      }
      // 9 degrees of freedom: one seed in a thousand would go above 27.9.
      CHECK_MESSAGE(chi_square < 27.9, "temperature ", temperature, ": chi-square ", chi_square);
    }
  }

  TEST_CASE("generator: a temperature near 0 is no trouble") {
    Noise noise(47);
    const auto parameters = random_parameters<double>(kConfig, noise);
    Generator<double> generator(kConfig, parameters);
    Rng rng(1);
    const auto greedy_text = generator.generate({}, at(0, 30), rng);
    CHECK(generator.generate({}, at(1e-300, 30), rng) == greedy_text);
    CHECK(generator.generate({}, at(1e-12, 30), rng) == greedy_text);
  }

  TEST_CASE("generator: a logit that is not a number is an error") {
    Noise noise(48);
    auto parameters = random_parameters<float>(kConfig, noise);
    parameters.lm_head()(4, 0) = std::numeric_limits<float>::quiet_NaN();
    Generator<float> generator(kConfig, parameters);
    for (const double temperature : {0.0, 1.0}) {
      Rng rng(1);
      try {
        generator.generate({}, at(temperature, 4), rng);
        FAIL("nothing was thrown at temperature ", temperature);
      } catch (const Error& error) {
        CHECK(error.fault() == Fault::numeric);
      }
    }
  }

  TEST_CASE("generator: where two characters are equally probable the first is taken") {
    Parameters<float> parameters(kConfig);  // all zero: every logit is 0
    Generator<float> generator(kConfig, parameters);
    Rng rng(1);
    CHECK(generator.generate({}, at(0, 5), rng) == std::vector<int>(5, 0));
  }

  TEST_CASE("generator: a stream never ends early, never draws BOS, and slides as the header says") {
    Noise noise(49);
    for (int i = 0; i < 20; ++i) {
      ModelConfig config = kConfig;
      config.block_size = noise.whole(1, 9);
      auto parameters = random_parameters<double>(config, noise);
      bias_bos(parameters, 3);  // BOS is often the most probable
      Generator<double> generator(config, parameters);
      const auto prompt = noise.wholes(static_cast<std::size_t>(noise.whole(1, 12)), 0, kBos - 1);
      const int max_chars = 5 * config.block_size + static_cast<int>(prompt.size());
      Rng rng(0);
      GenerateOptions options = at(0, max_chars);
      options.stream = true;
      const auto text = generator.generate(prompt, options, rng);

      // The same, slowly: the window is written down and read as a whole for every character.
      std::vector<int> window;
      std::vector<int> expected;
      const auto add = [&](int token) {
        if (static_cast<int>(window.size()) == config.block_size) {
          window.erase(window.begin(), window.end() - config.block_size / 2);
        }
        window.push_back(token);
        expected.push_back(token);
      };
      for (const int token : prompt) add(token);
      while (static_cast<int>(expected.size()) < max_chars) {
        Numbers logits = logits_after(config, parameters, window);
        logits.pop_back();  // BOS
        add(static_cast<int>(most_probable(logits)));
      }
      CHECK_MESSAGE(text == expected, describe(config), " prompt of ", prompt.size());

      options.sampler.temperature = 5;
      const auto wild = generator.generate(prompt, options, rng);
      CHECK(static_cast<int>(wild.size()) == max_chars);
      CHECK(std::all_of(wild.begin(), wild.end(), [](int token) { return token >= 0 && token < kBos; }));
      CHECK_THROWS_AS(generator.generate({}, options, rng), std::logic_error);
    }
  }

  TEST_CASE("generator: every token is shown in order with the logits it followed") {
    Noise noise(50);
    const auto parameters = random_parameters<double>(kConfig, noise);
    Generator<double> generator(kConfig, parameters);
    Rng rng(3);
    bool ended = false;
    for (int i = 0; i < 20; ++i) {
      const auto prompt = noise.wholes(2, 0, kBos - 1);
      std::vector<int> shown;
      std::vector<int> context = {kBos};
      const auto text =
          generator.generate(prompt, at(1.0, 7), rng, [&](int token, std::span<const double> logits) {
            CHECK(difference(logits, logits_after(kConfig, parameters, context)) < 1e-12);
            shown.push_back(token);
            context.push_back(token);
          });
      ended |= shown.back() == kBos;
      if (shown.back() == kBos) shown.pop_back();
      CHECK(shown == text);
    }
    CHECK(ended);
  }

  TEST_CASE("generator: the filters reach the draw") {
    Noise noise(51);
    const auto parameters = random_parameters<double>(kConfig, noise);
    Generator<double> generator(kConfig, parameters);
    Rng rng(0);
    const auto greedy_text = generator.generate({}, at(0, 20), rng);
    for (const SamplerOptions& one : {SamplerOptions{2.0, 1, 1.0, 0.0}, SamplerOptions{2.0, 0, 0.0, 0.0},
                                      SamplerOptions{2.0, 0, 1.0, 1.0}}) {
      CHECK(generator.generate({}, {.sampler = one, .max_chars = 20}, rng) == greedy_text);
    }
  }

  TEST_CASE("generator: a stop string ends the text where it is written, and takes nothing else away") {
    Noise noise(52);
    int stopped = 0, whole = 0;
    for (int round = 0; round < 60; ++round) {
      auto parameters = random_parameters<double>(kConfig, noise, 0.3);
      bias_bos(parameters, 0.1);
      Generator<double> generator(kConfig, parameters);
      const auto prompt = noise.wholes(static_cast<std::size_t>(noise.whole(0, 3)), 0, kBos - 1);
      GenerateOptions options = at(1.0, 30);
      Rng rng(static_cast<std::uint64_t>(round));
      const auto free = generator.generate(prompt, options, rng);
      CHECK(!generator.stopped_by());

      const int last = free.empty() ? 1 : free.back();
      const std::vector<std::vector<int>> strings = {
          noise.wholes(2, 0, kBos - 1), noise.wholes(1, 0, kBos - 1), {last, kBos - 1, 0}};
      options.stop = StopStrings(strings);
      std::vector<int> shown;
      Rng again(static_cast<std::uint64_t>(round));
      const auto text =
          generator.generate(prompt, options, again, [&](int token, std::span<const double> logits) {
            std::vector<int> context = {kBos};
            context.insert(context.end(), shown.begin(), shown.end());
            if (context.size() <= 8)
              CHECK(difference(logits, logits_after(kConfig, parameters, context)) < 1e-12);
            shown.push_back(token);
          });
      CHECK(std::equal(text.begin(), text.end(), free.begin()));
      if (!shown.empty() && shown.back() == kBos) shown.pop_back();
      CHECK(shown == text);
      const auto contains = [](const std::vector<int>& all, const std::vector<int>& part, std::size_t from) {
        return std::search(all.begin() + static_cast<std::ptrdiff_t>(from), all.end(), part.begin(),
                           part.end())
               != all.end();
      };
      bool in_free = false;
      for (const auto& one : strings) {
        CHECK(!contains(text, one, prompt.size()));  // in the prompt it does not count
        in_free = in_free || contains(free, one, prompt.size());
      }
      CHECK(generator.stopped_by().has_value() == in_free);
      if (!in_free) CHECK(text == free);
      if (!in_free) CHECK(again.state() == rng.state());
      // One random number for each character that was drawn, of the stop string too, and none after them.
      if (const auto number = generator.stopped_by()) {
        Rng counted(static_cast<std::uint64_t>(round));
        const std::size_t draws = text.size() + strings[*number].size() - prompt.size();
        for (std::size_t i = 0; i < draws; ++i) counted.random();
        CHECK(again.state() == counted.state());
      }
      (generator.stopped_by() ? stopped : whole) += 1;
    }
    CHECK(stopped > 10);
    CHECK(whole > 3);
  }

  TEST_CASE("generator: a stop string that was begun when the text ended or was cut belongs to the text") {
    Parameters<double> parameters(kConfig);  // all zero: every logit is 0, and the first token is taken
    Generator<double> generator(kConfig, parameters);
    Rng rng(1);
    GenerateOptions options = at(0, 5);
    options.stop = StopStrings({{0, 0, 0, 0, 0, 0}});
    std::vector<int> shown;
    const Generator<double>::Seen seen = [&](int token, std::span<const double>) { shown.push_back(token); };
    CHECK(generator.generate({}, options, rng, seen) == std::vector<int>(5, 0));
    CHECK(shown == std::vector<int>(5, 0));
    CHECK(!generator.stopped_by());
    // Complete with the last character that may be: it is a stop string, not a cut.
    options.stop = StopStrings({{0, 0}, {0, 0, 0, 0, 1}});
    options.max_chars = 2;
    CHECK(generator.generate({}, options, rng).empty());
    CHECK(generator.stopped_by() == 0);
    // It begins in the prompt: only what is written counts.
    const std::vector<int> prompt = {0, 0, 0};
    options.max_chars = 9;
    options.stop = StopStrings({{0, 0, 0}});
    CHECK(generator.generate(prompt, options, rng) == prompt);
    CHECK(generator.generate({}, at(0, 5), rng)
          == std::vector<int>(5, 0));  // none of the text before remains
    CHECK(!generator.stopped_by());
  }
}
