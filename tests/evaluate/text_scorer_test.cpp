#include "microgpt/evaluate/text_scorer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "microgpt/evaluate/score.hpp"
#include "support/model.hpp"

TEST_SUITE("evaluate") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  constexpr int kScoredBos = 9;

  /// Texts of all lengths up to several contexts, each after its opening token.
  std::vector<std::vector<int>> texts_to_score(Noise& noise, int longest, bool ends) {
    std::vector<std::vector<int>> texts;
    for (int length = 0; length <= longest; ++length) {
      std::vector<int> tokens = {ends ? kScoredBos : 0};
      for (const int token : noise.wholes(static_cast<std::size_t>(length), 0, kScoredBos - 1))
        tokens.push_back(token);
      if (ends) tokens.push_back(kScoredBos);
      if (tokens.size() > 1) texts.push_back(tokens);
    }
    return texts;
  }

  template <class T>
  void check_scorer(int block_size, double tolerance) {
    CAPTURE(block_size);
    const ModelConfig config = {
        .n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = block_size, .vocab_size = 10};
    Noise noise(71);
    const auto parameters = random_parameters<T>(config, noise);
    for (const bool ends : {true, false}) {
      const int masked = ends ? -1 : kScoredBos;
      const auto texts = texts_to_score(noise, 5 * block_size + 3, ends);
      TextScorer<T> scorer(config, parameters, 1, masked);
      TextScorer<T> pieces(config, parameters, 3, masked);
      for (const auto& text : texts) {
        scorer.add(text);
        std::span<const int> rest = text;
        while (!rest.empty()) {
          const auto size = std::min(rest.size(), static_cast<std::size_t>(noise.whole(1, 2 * block_size)));
          pieces.add(rest.first(size), size == rest.size());
          rest = rest.subspan(size);
        }
      }
      const auto sums = scorer.finish();
      const auto same = pieces.finish();
      REQUIRE(sums.size() == texts.size());
      REQUIRE(same.size() == texts.size());
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto nats = surprises<T>(config, parameters, texts[i], masked);
        CHECK(sums[i].characters == nats.size());
        CHECK(sums[i].nats
              == doctest::Approx(std::accumulate(nats.begin(), nats.end(), 0.0)).epsilon(tolerance));
        CHECK(same[i].nats == sums[i].nats);  // whatever the threads and the pieces
        CHECK(same[i].characters == sums[i].characters);
      }
      CHECK(scorer.finish().empty());
    }
  }

  }  // namespace

  TEST_CASE("text scorer: what the sliding decoder finds one by one, whatever the threads and the pieces") {
    for (const int block_size : {1, 2, 7, 8}) {
      check_scorer<double>(block_size, 1e-10);
      check_scorer<float>(block_size, 1e-4);
    }
  }

  TEST_CASE("text scorer: more windows than are kept waiting") {
    const ModelConfig config = {.n_layer = 1, .n_embd = 4, .n_head = 1, .block_size = 3, .vocab_size = 10};
    Noise noise(72);
    const auto parameters = random_parameters<double>(config, noise);
    std::vector<int> text = {kScoredBos};
    for (const int token : noise.wholes(5000, 0, kScoredBos - 1)) text.push_back(token);
    TextScorer<double> scorer(config, parameters, 2);
    scorer.add(std::vector<int>{kScoredBos, 1, kScoredBos});
    scorer.add(text);
    const auto sums = scorer.finish();
    REQUIRE(sums.size() == 2);
    const auto nats = surprises<double>(config, parameters, text);
    CHECK(sums[1].characters == 5000);
    CHECK(sums[1].nats == doctest::Approx(std::accumulate(nats.begin(), nats.end(), 0.0)).epsilon(1e-9));
    CHECK(sums[0].characters == 2);
  }
}
