#include "microgpt/train/muon.hpp"

#include <doctest/doctest.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/forms.hpp"
#include "support/numbers.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  using Dense = Eigen::MatrixXd;

  Dense dense(const Numbers& numbers, Index rows, Index cols) {
    return ConstView<double>(numbers.data(), rows, cols);
  }

  /// The update by singular values: u s vᵀ becomes u p(...p(s / |u s vᵀ|)) vᵀ, p(s) = a s + b s³ + c s⁵.
  Dense direction_by_svd(const Dense& u, int iterations) {
    const Eigen::JacobiSVD<Dense> svd(u, Eigen::ComputeThinU | Eigen::ComputeThinV);
    Eigen::VectorXd s = svd.singularValues() / (u.norm() + 1e-7);
    for (int i = 0; i < iterations; ++i) {
      for (double& x : s) x = 3.4445 * x - 4.7750 * std::pow(x, 3) + 2.0315 * std::pow(x, 5);
    }
    return svd.matrixU() * s.asDiagonal() * svd.matrixV().transpose();
  }

  double worst_difference(const Dense& got, const Dense& expected) {
    return (got - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff();
  }

  }  // namespace

  TEST_CASE_TEMPLATE("muon: updates are those that singular values tell", T, float, double) {
    struct Shape {
      Index rows, cols;
    };
    Noise noise(17);
    const TrainConfig config = {.steps = 10,
                                .schedule = Schedule::linear,
                                .weight_decay = 0.1,
                                .muon_learning_rate = 0.03,
                                .muon_momentum = 0.9,
                                .muon_iterations = 4};
    for (const Shape shape :
         {Shape{16, 16}, Shape{64, 16}, Shape{16, 64}, Shape{5, 5}, Shape{20, 5}, Shape{3, 12}}) {
      CAPTURE(shape.rows);
      CAPTURE(shape.cols);
      const auto size = static_cast<std::size_t>(shape.rows * shape.cols);
      const auto start = as<T>(noise.numbers(size));
      Arena<T> w(start.begin(), start.end());
      Arena<T> m(size, T(0));
      Dense expected_w = dense(as<double>(start), shape.rows, shape.cols);
      Dense expected_m = Dense::Zero(shape.rows, shape.cols);
      MuonScratch<T> scratch(std::min(shape.rows, shape.cols));
      for (int step = 0; step < 3; ++step) {
        CAPTURE(step);
        const Numbers gradient = noise.numbers(size);
        const auto given = as<T>(gradient);
        const Arena<T> g(given.begin(), given.end());
        muon_update<T>(View<T>(w.data(), shape.rows, shape.cols), View<T>(m.data(), shape.rows, shape.cols),
                       ConstView<T>(g.data(), shape.rows, shape.cols), config, step, T(0.5), scratch);

        const Dense half = 0.5 * dense(gradient, shape.rows, shape.cols);
        expected_m = 0.9 * expected_m + 0.1 * half;
        const Dense x = direction_by_svd(0.9 * expected_m + 0.1 * half, 4);
        const double lr = 0.03 * (1 - step / 10.0);
        const double tall =
            std::sqrt(std::max(1.0, static_cast<double>(shape.rows) / static_cast<double>(shape.cols)));
        expected_w = (1 - lr * 0.1) * expected_w - lr * tall * x;

        // Each of the four iterations multiplies what was rounded away by up to 3.4445: by 141 in all.
        const double tolerance = 141 * 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
        CHECK(worst_difference(dense(as<double>(m), shape.rows, shape.cols), expected_m) < tolerance);
        CHECK(worst_difference(dense(as<double>(w), shape.rows, shape.cols), expected_w) < tolerance);
      }
    }
  }

  TEST_CASE("muon: without a gradient it rests, and does not divide by zero") {
    Arena<float> w(64, 1.0F), m(64, 0.0F);
    const Arena<float> g(64, 0.0F);
    MuonScratch<float> scratch(8);
    muon_update<float>(View<float>(w.data(), 8, 8), View<float>(m.data(), 8, 8),
                       ConstView<float>(g.data(), 8, 8), TrainConfig{}, 0, 1.0F, scratch);
    for (const float x : w) CHECK(x == 1.0F);
  }

  TEST_CASE("muon: it moves what is in layers, and Adam the rest, with any number of threads alike") {
    const ModelConfig model = {.n_layer = 2, .n_embd = 20, .n_head = 4, .block_size = 9, .vocab_size = 8};
    TrainConfig config = {.steps = 12, .batch_size = 11, .learning_rate = 0.01, .grad_clip = 1};
    Noise noise(3);
    const SmallText corpus(random_lines(noise, 40, 12, 7), model.block_size);
    const auto train = [&](OptimizerKind optimizer, double dropout, int threads) {
      config.optimizer = optimizer;
      config.dropout = dropout;
      TrainState<float> state(model);
      Rng rng(4);
      initialize(state.parameters, {}, rng);
      Trainer<float> trainer(model, config, corpus.tokenizer, corpus.examples, state, threads, 77);
      for (int step = 0; step < 6; ++step) trainer.step();
      return state;
    };
    const auto numbers = [](const Parameters<float>& p) { return as<double>(p.values()); };
    const TrainState<float> muon = train(OptimizerKind::muon, 0.2, 1);
    for (const int threads : {2, 3}) {
      const TrainState<float> same = train(OptimizerKind::muon, 0.2, threads);
      CHECK(numbers(same.parameters) == numbers(muon.parameters));
      CHECK(numbers(same.m) == numbers(muon.m));
    }
    CHECK(numbers(train(OptimizerKind::muon, 0, 1).parameters) != numbers(muon.parameters));
    const TrainState<float> adam = train(OptimizerKind::adam, 0.2, 1);
    for (std::size_t i = 0; i < muon.parameters.table().size(); ++i) {
      const TensorSpec& spec = muon.parameters.table()[i];
      CAPTURE(spec.name);
      CHECK(muon.v.tensor(i).isZero(0) == is_in_layer(spec.kind));
      CHECK(!adam.v.tensor(i).isZero(0));
      CHECK(!muon.m.tensor(i).isZero(0));
      CHECK(muon.parameters.tensor(i) != adam.parameters.tensor(i));
    }
  }
}
