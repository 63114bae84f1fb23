// First-layer tables averaged over positions, by their definition on the numbers of the plain model.
#include "microgpt/study/circuit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/errors.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("circuits: over some tokens, and averaged over the positions that are left open") {
    Noise noise(461);
    for (const OddModel& odd : odd_models(noise, 1)) {
      const ModelConfig& config = odd.model.config;
      const int T = config.block_size;
      const int V = config.vocab_size;
      const auto D = static_cast<std::size_t>(config.head_size());
      // What each token would be at each position: runs[token][position].
      std::vector<std::vector<std::map<std::string, Rows<double>>>> runs(static_cast<std::size_t>(V));
      for (int t = 0; t < V; ++t) {
        for (int p = 0; p < T; ++p) {
          std::vector<int> tokens(static_cast<std::size_t>(T) + 1, 0);
          tokens[static_cast<std::size_t>(p)] = t;
          runs[static_cast<std::size_t>(t)].push_back(plain_run(odd.plain, tokens).at);
        }
      }
      const int head = noise.whole(0, config.n_head - 1);
      const auto at = [&](const char* site, Token token, int position, std::size_t d) {
        const auto p = static_cast<std::size_t>(position);
        return runs[static_cast<std::size_t>(token)][p].at(site)[p][static_cast<std::size_t>(head) * D + d];
      };
      const auto score = [&](Token a, int i, Token b, int j) {
        double product = 0;
        for (std::size_t d = 0; d < D; ++d)
          product += at("layer0.attn.q", a, i, d) * at("layer0.attn.k", b, j, d);
        return product / std::sqrt(static_cast<double>(D));
      };
      const auto adds = [&](Token a, int i, Token b) {
        double sum = 0;
        for (std::size_t c = 0; c < static_cast<std::size_t>(config.n_embd); ++c) {
          for (std::size_t d = 0; d < D; ++d) {
            sum += odd.plain.weights.at("lm_head")[static_cast<std::size_t>(b)][c]
                   * odd.plain.weights.at("layer0.attn_wo")[c][static_cast<std::size_t>(head) * D + d]
                   * at("layer0.attn.v", a, i, d);
          }
        }
        return sum;
      };
      const std::vector<Token> tokens = {V - 1, 0};
      const std::optional<int> query = noise.whole(0, T - 1);
      const std::optional<int> key = noise.whole(0, *query);
      const std::optional<int> none;
      for (const auto& [i, j] :
           {std::pair(query, key), std::pair(query, none), std::pair(none, key), std::pair(none, none)}) {
        const Circuit qk = circuit(odd.model, {.head = head, .query = i, .key = j}, tokens);
        const Matrix<double> values = qk.values();
        for (Index a = 0; a < 2; ++a) {
          for (Index b = 0; b < 2; ++b) {
            double sum = 0;
            std::size_t pairs = 0;
            for (int q = 0; q < T; ++q) {
              for (int k = 0; k <= q; ++k) {
                if ((i && q != *i) || (j && k != *j)) continue;
                sum += score(tokens[static_cast<std::size_t>(a)], q, tokens[static_cast<std::size_t>(b)], k);
                ++pairs;
              }
            }
            CHECK(qk.averaged == pairs);
            CHECK_MESSAGE(is_near(values(a, b), sum / static_cast<double>(pairs)), odd.name());
          }
        }
      }
      for (const auto& j : {key, none}) {
        const Circuit ov =
            circuit(odd.model, {.table = CircuitPart::Table::ov, .head = head, .key = j}, tokens);
        double sum = 0;
        int places = 0;
        for (int k = 0; k < T; ++k) {
          if (j && k != *j) continue;
          sum += adds(tokens[1], k, tokens[0]);
          ++places;
        }
        CHECK_MESSAGE(is_near(ov.values()(1, 0), sum / places), odd.name());
        CHECK(ov.averaged == static_cast<std::size_t>(places));
      }
    }
  }

  TEST_CASE("circuits: the strongest entries of a table that is worked through in blocks") {
    Noise noise(462);
    Circuit circuit;
    constexpr int kTokens = 300;
    circuit.tokens.resize(kTokens);
    circuit.left.resize(kTokens, 2);
    circuit.right.resize(kTokens, 2);
    for (Index i = 0; i < kTokens; ++i) {
      for (Index d = 0; d < 2; ++d) {
        circuit.left(i, d) = noise.whole(-9, 9);  // whole numbers, so that many entries are equal
        circuit.right(i, d) = noise.whole(-9, 9);
      }
    }
    const Matrix<double> values = circuit.values();
    std::vector<std::size_t> order(kTokens * kTokens);
    std::iota(order.begin(), order.end(), std::size_t{0});
    Numbers sizes;
    for (const std::size_t n : order) {
      sizes.push_back(std::abs(values(static_cast<Index>(n) / kTokens, static_cast<Index>(n) % kTokens)));
    }
    const auto size = [&](std::size_t n) { return sizes[n]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return size(a) > size(b); });
    std::vector<double> progress;
    const auto entries = strongest(circuit, 500, [&](double done) { progress.push_back(done); });
    REQUIRE(entries.size() == 500);
    for (std::size_t n = 0; n < entries.size(); ++n) {
      CHECK(entries[n].row == order[n] / kTokens);
      CHECK(entries[n].column == order[n] % kTokens);
      CHECK(std::abs(entries[n].value) == size(order[n]));
    }
    CHECK(std::is_sorted(progress.begin(), progress.end()));
    CHECK(progress.back() == 1);
    CHECK(strongest(circuit, 0).empty());
    CHECK(strongest(circuit, 1'000'000).size() == order.size());
  }

  TEST_CASE("circuits: what one costs grows with its tokens and with the positions left open") {
    const ModelConfig config = {
        .n_layer = 1, .n_embd = 16, .n_head = 4, .block_size = 64, .vocab_size = 1000};
    CHECK(circuit_work(config, {.query = 3, .key = 1}, 100) < circuit_work(config, {.query = 3}, 100));
    CHECK(circuit_work(config, {.query = 3}, 100) < circuit_work(config, {}, 100));
    CHECK(circuit_work(config, {}, 200) > 2 * circuit_work(config, {}, 100));
    Noise noise(463);
    const Model model = random_model(noise, 1, Activation::relu);
    const Token one[] = {0};
    CHECK(failure_of([&] { (void)circuit(model, {.query = 1, .key = 2}, one); }).fault == 2);
    CHECK(failure_of([&] { (void)circuit(model, {.key = 6}, one); }).is(Fault::usage, {.value = "6"}));
    CHECK(failure_of([&] { (void)circuit(model, {.head = 3}, one); }).is(Fault::usage, {.value = "3"}));
  }
}
