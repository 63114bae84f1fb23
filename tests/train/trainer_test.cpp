#include "microgpt/train/trainer.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "microgpt/base/error.hpp"
#include "support/corpus.hpp"
#include "support/model.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  template <class T>
  bool same_bytes(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
  }

  template <class T>
  bool same_bytes(const TrainState<T>& a, const TrainState<T>& b) {
    return same_bytes(a.parameters.values(), b.parameters.values()) && same_bytes(a.m.values(), b.m.values())
           && same_bytes(a.v.values(), b.v.values()) && a.step == b.step;
  }

  const ModelConfig kModel = {.n_layer = 2, .n_embd = 24, .n_head = 4, .block_size = 8, .vocab_size = 13};

  /// 13 500 parameters: four of the slices that threads share out.
  struct Run {
    TrainState<float> state{kModel};
    std::vector<double> losses;
    double evaluated = 0;
  };

  Run train(const SmallText& corpus, const TrainConfig& config, int threads, int steps) {
    Run run;
    Rng rng(1);
    initialize(run.state.parameters, {}, rng);
    Trainer<float> trainer(kModel, config, corpus.tokenizer, corpus.examples, run.state, threads);
    for (int i = 0; i < steps; ++i) run.losses.push_back(trainer.step().loss);
    run.evaluated = trainer.evaluate(corpus.examples);
    return run;
  }

  void check_threads(const SmallText& corpus, const TrainConfig& config) {
    const Run expected = train(corpus, config, 1, 30);
    for (const int threads : {1, 2, 3, 4, 7, 8}) {
      const Run got = train(corpus, config, threads, 30);
      INFO(threads, " threads, batches of ", config.batch_size, ", clipping at ", config.grad_clip);
      CHECK(same_bytes(got.state, expected.state));
      CHECK(got.losses == expected.losses);
      CHECK(got.evaluated == expected.evaluated);
    }
    const Run again = train(corpus, config, 3, 30);
    CHECK_MESSAGE(same_bytes(again.state, expected.state), "a repeated run differs");
  }

  const SmallText& letters() {
    static Noise noise(61);
    // More than an evaluation takes at a time, and no multiple of a shard.
    static const SmallText corpus(random_lines(noise, 301, 11, 12), kModel.block_size);
    return corpus;
  }

  }  // namespace

  TEST_CASE("trainer: the same bytes for any number of threads") {
    for (const int batch_size : {1, 7, 32}) {
      check_threads(letters(), {.steps = 30, .batch_size = batch_size});
    }
  }

  TEST_CASE("trainer: the same bytes for any number of threads with clipping and decay") {
    check_threads(
        letters(),
        {.steps = 30, .batch_size = 32, .loss = LossMean::token, .weight_decay = 0.1, .grad_clip = 0.1});
  }

  TEST_CASE("trainer: evaluation is the mean over positions and independent of threads") {
    const SmallText& corpus = letters();
    TrainState<double> state(kModel);
    Rng rng(2);
    initialize(state.parameters, {.std = 0.4}, rng);
    double nll = 0;
    std::size_t positions = 0;
    Activations<double> a(kModel, 8);
    for (std::size_t i = 0; i < corpus.examples.size(); ++i) {
      const Batch batch = batch_of({corpus.tokens(i, kModel.block_size)});
      gpt_forward<double>(kModel, state.parameters, batch, a);
      for (Index p = 0; p < a.positions(); ++p) nll += a.nll()(p, 0);
      positions += batch.positions();
    }
    const double expected = nll / static_cast<double>(positions);

    const TrainConfig config;
    double first = 0;
    for (const int threads : {1, 2, 5, 8}) {
      Trainer<double> trainer(kModel, config, corpus.tokenizer, corpus.examples, state, threads);
      const double got = trainer.evaluate(corpus.examples);
      CHECK_MESSAGE(std::abs(got - expected) < 1e-12 * expected, threads, " threads: got ", got,
                    ", expected ", expected);
      if (threads == 1) first = got;
      CHECK(got == first);
    }
    CHECK(state.step == 0);
  }

  TEST_CASE("trainer: step s takes examples s B and on round and round") {
    Noise noise(62);
    const SmallText corpus(random_lines(noise, 5, 11, 12), kModel.block_size);
    TrainState<double> state(kModel);
    Rng rng(3);
    initialize(state.parameters, {.std = 0.4}, rng);
    // Each document's own loss; with a learning rate of 0 it stays what it is.
    std::vector<double> own;
    std::vector<std::size_t> lengths;
    Activations<double> a(kModel, 8);
    for (std::size_t i = 0; i < corpus.examples.size(); ++i) {
      const Batch batch = batch_of({corpus.tokens(i, kModel.block_size)});
      gpt_forward<double>(kModel, state.parameters, batch, a);
      double sum = 0;
      for (Index p = 0; p < a.positions(); ++p) sum += a.nll()(p, 0);
      own.push_back(sum / static_cast<double>(a.positions()));
      lengths.push_back(batch.positions());
    }
    for (const int batch_size : {1, 3, 5, 12}) {
      for (const LossMean mean : {LossMean::document, LossMean::token}) {
        const TrainConfig config = {.steps = 12, .batch_size = batch_size, .loss = mean, .learning_rate = 0};
        state.step = 0;
        Trainer<double> trainer(kModel, config, corpus.tokenizer, corpus.examples, state, 2);
        for (int step = 0; step < 12; ++step) {
          double by_document = 0;
          double by_position = 0;
          std::size_t positions = 0;
          for (int i = 0; i < batch_size; ++i) {
            const auto d = static_cast<std::size_t>((step * batch_size + i) % 5);
            by_document += own[d] / batch_size;
            by_position += own[d] * static_cast<double>(lengths[d]);
            positions += lengths[d];
          }
          by_position /= static_cast<double>(positions);
          const double expected = mean == LossMean::document ? by_document : by_position;
          const StepReport report = trainer.step();
          INFO("step ", step, " of batches of ", batch_size);
          CHECK_MESSAGE(std::abs(report.loss - expected) < 1e-12, "got ", report.loss, ", expected ",
                        expected);
          CHECK(report.step == step + 1);
          CHECK(report.positions == positions);
          CHECK(report.learning_rate == 0);
          CHECK(state.step == step + 1);
        }
      }
    }
  }

  TEST_CASE("trainer: a loss that is not a number is an error and changes nothing") {
    const SmallText& corpus = letters();
    const TrainConfig config = {.batch_size = 9};
    for (const float poison :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      TrainState<float> state(kModel);
      Rng rng(4);
      initialize(state.parameters, {}, rng);
      Trainer<float> trainer(kModel, config, corpus.tokenizer, corpus.examples, state, 2);
      for (int i = 0; i < 3; ++i) trainer.step();
      state.parameters.lm_head()(2, 5) = poison;
      const TrainState<float> before = state;
      try {
        trainer.step();
        FAIL("nothing was thrown");
      } catch (const Error& error) {
        CHECK(error.fault() == Fault::numeric);
        CHECK(error.parts().where == "step 4");
      }
      CHECK(state.step == 3);
      CHECK(same_bytes(state, before));
    }
  }

  TEST_CASE("trainer: a periodic text is learnt to below 0.2 nats in 200 steps") {
    // Four rotations of abcd: only the first of the 13 characters is open, so that no model can
    // come below log 4 / 13 = 0.107.
    const SmallText corpus({"abcdabcdabcd", "bcdabcdabcda", "cdabcdabcdab", "dabcdabcdabc"}, 16);
    const ModelConfig model = {.vocab_size = corpus.tokenizer.vocab_size()};
    const TrainConfig config = {.steps = 200, .batch_size = 4};
    TrainState<float> state(model);
    Rng rng(42);
    initialize(state.parameters, {}, rng);
    Trainer<float> trainer(model, config, corpus.tokenizer, corpus.examples, state, 1);
    const double before = trainer.evaluate(corpus.examples);
    for (int i = 0; i < 200; ++i) trainer.step();
    const double after = trainer.evaluate(corpus.examples);
    CHECK_MESSAGE(before > 1.4, "before training: ", before);
    CHECK_MESSAGE(after < 0.2, "after training: ", after);
    CHECK_MESSAGE(after > std::log(4.0) / 13 - 1e-6, "after training: ", after);
  }
}
