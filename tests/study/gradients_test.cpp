#include "microgpt/study/gradients.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/study/sweeps.hpp"
#include "microgpt/study/work.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("gradients: differences of any weights are the gradient, and leave the model as it was") {
    Noise noise(471);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace trace = run(odd.model, odd.batch, {}, true);
      const auto all = tensor_gradients(trace);
      REQUIRE(all.size() == odd.model.parameters.table().size());
      std::vector<std::size_t> weights;
      for (const TensorGradient& one : all) weights.push_back(one.weight);
      weights.push_back(weights.front());  // a second time: the first left nothing behind
      const auto slopes = central_differences(odd.model, odd.batch, weights, 1e-5);
      REQUIRE(slopes.size() == weights.size());
      for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK_MESSAGE(is_near(slopes[i], all[i].largest, 1e-6), odd.name(), ": ", all[i].tensor);
        CHECK(all[i].largest == trace.weight_gradient().values()[all[i].weight]);
      }
      CHECK(slopes.back() == slopes.front());
    }
    Noise other(472);
    const Model model = random_model(other, 1, Activation::relu);
    CHECK(central_differences(model, batch_of({{0, 1}}), {}, 1e-5).empty());
  }

  TEST_CASE("numbers: the first of a ranking, equal ones in their order") {
    const Numbers values = {1, 3, -5, 3, 7};
    CHECK(ranked(values, 3) == std::vector<std::size_t>{4, 1, 3});
    CHECK(ranked(values, 9) == std::vector<std::size_t>{4, 1, 3, 0, 2});
    CHECK(ranked(values, 0).empty());
    CHECK(ranked(Numbers{}, 2).empty());
  }

  TEST_CASE("embeddings: neighbours by blocks are those of the whole table of cosines") {
    Noise noise(473);
    Matrix<double> x(600, 3);
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index c = 0; c < 3; ++c) x(i, c) = noise.whole(-2, 2);  // many are equally near, some are 0
    }
    x.row(17).setZero();
    const auto near = [&](Index i, Index j) { return plain_cosine(x, i, j); };
    std::vector<Index> rows = {599, 0, 17, 300};
    for (Index i = 0; i < 300; ++i) rows.push_back(i);
    const auto all = neighbours(x, rows, 5);
    REQUIRE(all.size() == rows.size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
      REQUIRE(all[n].size() == 5);
      for (std::size_t k = 0; k < 5; ++k) {
        CHECK(all[n][k].row != rows[n]);
        CHECK(all[n][k].cosine == doctest::Approx(near(rows[n], all[n][k].row)).epsilon(1e-12));
        if (k > 0) CHECK(all[n][k].cosine <= all[n][k - 1].cosine);
      }
      std::size_t nearer = 0;
      for (Index j = 0; j < x.rows(); ++j) {
        if (j != rows[n] && near(rows[n], j) > all[n].back().cosine + 1e-9) ++nearer;
      }
      CHECK(nearer < 5);
    }
    CHECK(all[2][0].row == 0);  // nothing is near to zeros: the first rows
    CHECK(all[2][0].cosine == 0);
    CHECK(neighbours(x, rows, 0).front().empty());
    CHECK(neighbours(x, rows, 1000).front().size() == 599);
    Matrix<double> large(2, 2);
    large << 1e200, 1e200, -1e-200, 0;
    const Index first[] = {0};
    CHECK(neighbours(large, first, 1)[0][0].cosine == doctest::Approx(-std::sqrt(0.5)));
    CHECK(row_lengths(large)[0] == doctest::Approx(std::sqrt(2.0) * 1e200));
  }

  TEST_CASE(
      "sweeps: the whole model's loss comes with them, progress to its end, and threads change nothing") {
    Noise noise(474);
    const Model model = random_model(noise, 2, Activation::relu);
    const Batch batch = batch_of({{4, 0, 1, 2, 4}, {4, 3, 3, 4}});
    std::vector<double> progress;
    const AblationSweep sweep = ablation_sweep(model, batch, ablatable(model.config), Ablation::mean, 1,
                                               [&](double done) { progress.push_back(done); });
    CHECK(sweep.whole == run(model, batch).loss());
    CHECK(sweep.rows.size() == 1 + 2 * (2 + 3 + 48));
    CHECK(progress.size() == sweep.rows.size());
    CHECK(progress.back() == 1);
    CHECK(ablatable(model.config, false).size() == 1 + 2 * (2 + 3));

    const Batch clean = batch_of({{4, 0, 1, 2, 3}});
    const Batch corrupted = batch_of({{4, 0, 2, 2, 3}});
    progress.clear();
    const auto alone = patch_sweep(model, clean, corrupted, patchable(model.config), 1, 3, 1,
                                   [&](double done) { progress.push_back(done); });
    const auto shared = patch_sweep(model, clean, corrupted, patchable(model.config), 1, 3, 3);
    REQUIRE(alone.rows.size() == shared.rows.size());
    for (std::size_t r = 0; r < alone.rows.size(); ++r) {
      CHECK(alone.rows[r].metric == shared.rows[r].metric);
      CHECK(alone.rows[r].recovered == shared.rows[r].recovered);
    }
    CHECK(progress.size() < alone.rows.size());  // what is the same in both runs is not run
  }

  TEST_CASE("work: a run costs as much for each position, and a trace is as large as its sites") {
    const ModelConfig config = {.n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = 6, .vocab_size = 5};
    CHECK(run_work(config, 20) == 2 * run_work(config, 10));
    CHECK(run_work(config, 1) > static_cast<double>(2 * 12 * 12 * 12 + 5 * 12));
    // 4 sites before the layers, 11 of width C and 2 of 4C in them, two matrices for each head, logits and probs.
    CHECK(trace_size(config, 6, 6) >= 6 * (2 * (18 * 12 + 2 * 3 * 6) + 2 * 5 + 4 * 12));
  }
}
