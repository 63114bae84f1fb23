#include "microgpt/train/gradient_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "support/model.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kTiny = {.n_layer = 0, .n_embd = 3, .n_head = 1, .block_size = 2, .vocab_size = 4};

  /// Neighbours, then neighbouring pairs, and so on, all kept until the end.
  std::vector<float> tree_sum(std::vector<std::vector<float>> terms) {
    for (std::size_t gap = 1; gap < terms.size(); gap *= 2) {
      for (std::size_t s = 0; s + gap < terms.size(); s += 2 * gap) {
        for (std::size_t i = 0; i < terms[s].size(); ++i) terms[s][i] += terms[s + gap][i];
      }
    }
    return terms[0];
  }

  }  // namespace

  TEST_CASE("gradient tree: in whatever order shards come, the sum has the same bytes") {
    Noise noise(5);
    GradientTree<float> tree(kTiny, 2);
    const std::size_t size = Parameters<float>(kTiny).values().size();
    for (const std::size_t shards : {1U, 2U, 3U, 5U, 8U, 13U, 64U, 2U}) {
      std::vector<std::vector<float>> terms(shards);
      for (auto& term : terms) {
        // So unlike in size that any other order rounds otherwise.
        for (std::size_t i = 0; i < size; ++i)
          term.push_back(static_cast<float>(noise.number(1) * (noise.whole(0, 1) == 0 ? 1e4 : 1e-3)));
      }
      const std::vector<float> expected = tree_sum(terms);
      std::vector<std::size_t> order(shards);
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (int trial = 0; trial < 20; ++trial) {
        tree.start(shards);
        for (const std::size_t shard : order) {
          Parameters<float>& gradient = tree.take();
          std::copy(terms[shard].begin(), terms[shard].end(), gradient.values().begin());
          tree.add(shard, gradient);
        }
        const auto got = tree.sum().values();
        CHECK_MESSAGE(std::equal(got.begin(), got.end(), expected.begin()), shards, " shards, trial ", trial);
        for (std::size_t i = shards - 1; i > 0; --i) {
          std::swap(order[i], order[static_cast<std::size_t>(noise.whole(0, static_cast<int>(i)))]);
        }
      }
    }
  }

  TEST_CASE("gradient tree: in order, one gradient for each level is enough") {
    GradientTree<double> tree(kTiny, 1);
    tree.start(64);
    std::vector<const Parameters<double>*> seen;
    for (std::size_t shard = 0; shard < 64; ++shard) {
      Parameters<double>& gradient = tree.take();
      if (std::find(seen.begin(), seen.end(), &gradient) == seen.end()) seen.push_back(&gradient);
      tree.add(shard, gradient);
    }
    CHECK_MESSAGE(seen.size() <= 7, "got ", seen.size(), " gradients, expected log2(64) + 1");
  }
}
