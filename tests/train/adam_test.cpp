#include "microgpt/train/adam.hpp"

#include <doctest/doctest.h>

#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/model.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// One weight with its moments, as the formula in Kingma & Ba's paper says, with decoupled decay.
  struct Weight {
    double w = 0, m = 0, v = 0;

    void update(double g, const TrainConfig& c, double lr, int step) {
      m = c.beta1 * m + (1 - c.beta1) * g;
      v = c.beta2 * v + (1 - c.beta2) * g * g;
      const double m_hat = m / (1 - std::pow(c.beta1, step + 1));
      const double v_hat = v / (1 - std::pow(c.beta2, step + 1));
      w -= lr * (m_hat / (std::sqrt(v_hat) + c.epsilon) + c.weight_decay * w);
    }
  };

  template <class T>
  void check_stretch(const TrainConfig& config, double scale, double tolerance) {
    constexpr std::size_t kSize = 37;
    Noise noise(81);
    std::vector<Weight> expected(kSize);
    std::vector<T> w(kSize);
    std::vector<T> m(kSize);
    std::vector<T> v(kSize);
    const Numbers start = noise.numbers(kSize);
    for (std::size_t i = 0; i < kSize; ++i) expected[i].w = start[i];
    w = as<T>(start);
    for (int step = 0; step < 40; ++step) {
      // Some gradients small against epsilon, some 0: then a weight moves by the decay alone.
      Numbers g = noise.numbers(kSize, step % 3 == 0 ? 1e-6 : 10);
      g[5] = 0;
      const double lr = config.learning_rate * (1 - static_cast<double>(step) / config.steps);
      for (std::size_t i = 0; i < kSize; ++i) expected[i].update(scale * g[i], config, lr, step);
      adam_update<T>(w, m, v, as<T>(g), config, step, static_cast<T>(scale));

      Numbers ew;
      Numbers em;
      Numbers ev;
      for (const Weight& e : expected) {
        ew.push_back(e.w);
        em.push_back(e.m);
        ev.push_back(e.v);
      }
      INFO("step ", step, ", decay ", config.weight_decay, ", scale ", scale);
      CHECK(difference(w, ew) < tolerance);
      CHECK(difference(m, em) < tolerance);
      CHECK(difference(v, ev) < tolerance);
    }
  }

  const ModelConfig kModel = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 6, .vocab_size = 6};

  /// Trains in double and beside it by the scalar formula, each step's gradient from one packed
  /// batch.
  void check_trainer(const TrainConfig& config) {
    Noise noise(82);
    const SmallText corpus(random_lines(noise, 24, 7, 5), kModel.block_size);
    TrainState<double> state(kModel);
    for (double& w : state.parameters.values()) w = noise.number(0.5);
    std::vector<Weight> expected(state.parameters.values().size());
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i].w = state.parameters.values()[i];
    Parameters<double> at(kModel);
    Activations<double> a(kModel, 8);
    Activations<double> da(kModel, 8);
    Trainer<double> trainer(kModel, config, corpus.tokenizer, corpus.examples, state, 2);
    bool clipped = false;
    for (int step = 0; step < 12; ++step) {
      Batch batch;
      Numbers weight;
      for (int i = 0; i < config.batch_size; ++i) {
        const auto d = static_cast<std::size_t>(step * config.batch_size + i) % 24;
        const auto tokens = corpus.tokens(d, kModel.block_size);
        batch.add(tokens);
        const double n = static_cast<double>(tokens.size() - 1);
        weight.insert(weight.end(), tokens.size() - 1, 1 / (n * config.batch_size));
      }
      for (std::size_t i = 0; i < expected.size(); ++i) at.values()[i] = expected[i].w;
      Parameters<double> gradient(kModel);
      gpt_forward<double>(kModel, at, batch, a);
      gpt_backward<double>(kModel, at, batch, weight, a, da, gradient);
      double squares = 0;
      for (const double g : gradient.values()) squares += g * g;
      const double norm = std::sqrt(squares);
      double scale = 1;
      if (config.grad_clip > 0 && norm > config.grad_clip) {
        scale = config.grad_clip / norm;
        clipped = true;
      }
      const double lr = config.learning_rate * (1 - static_cast<double>(step) / config.steps);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i].update(scale * gradient.values()[i], config, lr, step);
      }

      const StepReport report = trainer.step();
      INFO("step ", step, ", clipping at ", config.grad_clip, ", decay ", config.weight_decay);
      CHECK(report.learning_rate == doctest::Approx(lr).epsilon(1e-14));
      if (config.grad_clip > 0) CHECK(report.grad_norm == doctest::Approx(norm).epsilon(1e-10));
      Numbers w;
      for (const Weight& e : expected) w.push_back(e.w);
      CHECK(difference(state.parameters.values(), w) < 1e-10);
    }
    if (config.grad_clip > 0) CHECK(clipped == (config.grad_clip < 1));
  }

  }  // namespace

  TEST_CASE("adam: a stretch of weights against the scalar formula") {
    const TrainConfig plain = {.steps = 50};
    const TrainConfig decay = {.steps = 50, .learning_rate = 0.1, .weight_decay = 0.3};
    const TrainConfig course = {.steps = 50, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-3};
    for (const TrainConfig& config : {plain, decay, course}) {
      for (const double scale : {1.0, 0.125}) {
        check_stretch<double>(config, scale, 1e-13);
        check_stretch<float>(config, scale, 1e-5);
      }
    }
  }

  TEST_CASE("adam: the first step moves every weight by the learning rate") {
    std::vector<double> w = {1, 1, 1};
    std::vector<double> m(3);
    std::vector<double> v(3);
    adam_update<double>(w, m, v, std::vector<double>{5, -0.01, 0}, {.steps = 4}, 0, 1.0);
    CHECK(w[0] == doctest::Approx(0.99).epsilon(1e-9));
    CHECK(w[1] == doctest::Approx(1.01).epsilon(1e-7));
    CHECK(w[2] == 1);
    CHECK(m[0] == doctest::Approx(0.75));
    CHECK(v[0] == doctest::Approx(0.25));
  }

  TEST_CASE("adam: through the trainer with batches and decay") {
    check_trainer({.steps = 20, .batch_size = 11, .weight_decay = 0.2});
  }

  TEST_CASE("adam: through the trainer with clipping") {
    check_trainer({.steps = 20, .batch_size = 3, .grad_clip = 0.2});
    // A bound that is never reached changes nothing.
    check_trainer({.steps = 20, .batch_size = 3, .grad_clip = 100});
  }

  TEST_CASE("adam: moments of earlier steps are corrected by all the updates they hold") {
    const TrainConfig config{.steps = 100, .schedule = Schedule::constant, .beta1 = 0.8, .beta2 = 0.9};
    Numbers w{1, -2}, m{0.1, 0.3}, v{0.02, 0.5};
    Numbers w_long = w, m_long = m, v_long = v;
    const Numbers g{0.5, -0.25};
    adam_update<double>(w_long, m_long, v_long, g, config, 8, 1.0);
    adam_update<double>(w, m, v, g, config, 3, 1.0, 5);
    CHECK(w == w_long);
    CHECK(m == m_long);
    CHECK(v == v_long);
  }
}
