#include "microgpt/train/nonfinite.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const ModelConfig kModel = {.n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = 8, .vocab_size = 0};

  /// A run whose last good state is saved before something in it is broken.
  template <class T>
  struct Injection {
    const test::SmallText& corpus;
    RunConfig config;
    TempFolder folder = TempFolder::in_memory();
    std::filesystem::path checkpoint = folder / "good.safetensors";

    Injection(const test::SmallText& given, const ModelConfig& model, double grad_clip) : corpus(given) {
      config.model = model;
      config.model.vocab_size = corpus.tokenizer.vocab_size();
      config.precision = sizeof(T) == 4 ? Precision::float32 : Precision::float64;
      config.data.path = "/text";
      config.train.batch_size = 5;
      config.train.grad_clip = grad_clip;
    }

    /// Trains so many steps, breaks the state and takes one more, which must fail and say so.
    void check(int steps, const std::string& expected, const std::function<void(TrainState<T>&)>& poison) {
      TrainState<T> state(config.model);
      Rng rng(5);
      initialize(state.parameters, config.init, rng);
      Trainer<T> trainer(config.model, config.train, corpus.tokenizer, corpus.examples, state, 2);
      for (int i = 0; i < steps; ++i) trainer.step();
      const TrainingRecord record = {steps, std::string(64, 'a'), rng.state(), {}};
      save_checkpoint(checkpoint, config, corpus.tokenizer, record, state);
      const std::string good = read_bytes(checkpoint);

      poison(state);
      const Failure got = failure_of([&] { trainer.step(); });
      CAPTURE(got.message);
      CHECK(got.is(Fault::numeric, {.where = "step " + std::to_string(steps + 1)}));
      CHECK(got.is_one_line());
      // Where an expectation ends before the number, the build decides whether it is NaN or inf.
      const std::string begin = expected + (expected.ends_with(" holds") ? " " : ": documents \"");
      CHECK_MESSAGE(got.parts.hint.starts_with(begin), "expected ", expected);
      const auto first = corpus.documents[first_document(steps)].substr(0, 8);  // the context
      CHECK(got.names(": documents \"" + std::string(first) + "\", \""));
      CHECK(got.names("\" and 2 more: lower train.learning_rate"));
      CHECK(state.step == steps);

      // Whoever saves all the same is refused, and the last good file is as it was.
      if (!all_finite<T>(state.parameters.values()) || !all_finite<T>(state.m.values())
          || !all_finite<T>(state.v.values())) {
        const auto save = [&] { save_checkpoint(checkpoint, config, corpus.tokenizer, record, state); };
        CHECK(failure_of(save).fault == 6);
      }
      CHECK(read_bytes(checkpoint) == good);
      CHECK(names_in(folder.path()).size() == 1);
    }

    [[nodiscard]] std::size_t first_document(int steps) const {
      return static_cast<std::size_t>(steps * config.train.batch_size) % corpus.documents.size();
    }
  };

  const test::SmallText& short_lines() {
    // The letters a to i stand in every batch of five; j and k only in the last line.
    static const test::SmallText corpus(
        {"abcdefghi", "bcdefghia", "cdefghi", "defgh", "efg", "fghiabc", "ghiabcde", "hiabcdef", "iabcdefg",
         "ca", "abcdefghi", "bcde", "cdef", "ihgfedcba", "ab", "jk"},
        kModel.block_size);
    return corpus;
  }

  template <class T>
  void break_every_tensor() {
    const test::SmallText& corpus = short_lines();
    int points = 0;
    for (const double clip : {0.0, 1.0}) {
      Injection<T> injection(corpus, kModel, clip);
      const auto table = parameter_table(injection.config.model);
      for (std::size_t i = 0; i < table.size(); ++i) {
        const auto middle = static_cast<std::size_t>(table[i].offset + table[i].rows * table[i].cols / 2);
        for (const double value : {kNan, kInf, -kInf}) {
          const std::string holds = " holds "
                                    + std::string(std::isnan(value) ? "NaN"
                                                  : value > 0       ? "inf"
                                                                    : "-inf");
          CAPTURE(table[i].name);
          CAPTURE(value);
          const auto steps = static_cast<int>(i % 3);
          injection.check(steps, "the weight " + table[i].name + holds, [&](TrainState<T>& state) {
            state.parameters.values()[middle] = static_cast<T>(value);
          });
          injection.check(steps, "Adam's first moment of " + table[i].name + holds,
                          [&](TrainState<T>& state) { state.m.values()[middle] = static_cast<T>(value); });
          points += 2;
          if (value < 0) continue;  // v is a mean of squares
          injection.check(steps, "Adam's second moment of " + table[i].name + holds,
                          [&](TrainState<T>& state) { state.v.values()[middle] = static_cast<T>(value); });
          ++points;
        }
      }
    }
    CHECK(points == 2 * 15 * 8);
  }

  }  // namespace

  TEST_CASE("nonfinite: NaN or infinity in any tensor of the state stops the same step by its name") {
    break_every_tensor<float>();
    break_every_tensor<double>();
  }

  TEST_CASE("nonfinite: a weight that takes no part in the step is found all the same") {
    for (const double clip : {0.0, 1.0}) {
      Injection<float> injection(short_lines(), kModel, clip);
      for (const double value : {kNan, kInf}) {
        const std::string holds = std::isnan(value) ? " holds NaN" : " holds inf";
        injection.check(1, "after its update the weight wte" + holds, [&](TrainState<float>& state) {
          state.parameters.wte()(injection.corpus.tokenizer.bos() - 1, 3) = static_cast<float>(value);
        });
      }
    }
  }

  TEST_CASE("nonfinite: an activation that overflows is found by its canonical name") {
    struct Case {
      std::string expected;
      std::function<void(Parameters<float>&)> poison;
    };
    const float huge = 3.4e38F;
    const Case cases[] = {
        {"the activation embed holds inf",
         [&](auto& w) {
           w.wte().setConstant(huge);
           w.wpe().setConstant(huge);
         }},
        {"the activation embed holds -inf",
         [&](auto& w) {
           w.wte().setConstant(-huge);
           w.wpe().setConstant(-huge);
         }},
        {"the activation layer0.attn.q holds ", [&](auto& w) { w.attn_wq(0).row(4).setConstant(huge); }},
        {"the activation layer1.attn.q holds ", [&](auto& w) { w.attn_wq(1).row(4).setConstant(huge); }},
        {"the activation layer0.attn.k holds ", [&](auto& w) { w.attn_wk(0).row(4).setConstant(huge); }},
        {"the activation layer1.attn.k holds ", [&](auto& w) { w.attn_wk(1).row(4).setConstant(huge); }},
        {"the activation layer0.attn.v holds ", [&](auto& w) { w.attn_wv(0).row(4).setConstant(huge); }},
        {"the activation layer1.attn.v holds ", [&](auto& w) { w.attn_wv(1).row(4).setConstant(huge); }},
        {"the activation layer0.attn.scores holds ",
         [&](auto& w) {
           w.attn_wq(0) *= 1e25F;
           w.attn_wk(0) *= 1e25F;
         }},
        {"the activation layer1.attn.scores holds ",
         [&](auto& w) {
           w.attn_wq(1) *= 1e25F;
           w.attn_wk(1) *= 1e25F;
         }},
        {"the activation layer0.attn.out holds ",
         [&](auto& w) {
           w.attn_wv(0) *= 1e25F;
           w.attn_wo(0) *= 1e25F;
         }},
        {"the activation layer1.attn.out holds ",
         [&](auto& w) {
           w.attn_wv(1) *= 1e25F;
           w.attn_wo(1) *= 1e25F;
         }},
        {"the activation layer0.mlp.pre holds ", [&](auto& w) { w.mlp_fc1(0).setConstant(huge); }},
        {"the activation layer0.mlp.post holds inf", [&](auto& w) { w.mlp_fc1(0) *= 1e25F; }},
        {"the activation layer1.mlp.post holds inf", [&](auto& w) { w.mlp_fc1(1) *= 1e25F; }},
        {"the activation layer0.mlp.out holds ",
         [&](auto& w) {
           w.mlp_fc1(0) *= 1e18F;
           w.mlp_fc2(0) *= 1e10F;
         }},
        {"the activation layer1.mlp.out holds ",
         [&](auto& w) {
           w.mlp_fc1(1) *= 1e18F;
           w.mlp_fc2(1) *= 1e10F;
         }},
        {"the activation logits holds ",
         [&](auto& w) {
           w.mlp_fc2(1) *= 1e25F;
           w.lm_head() *= 1e25F;
         }},
    };
    ModelConfig model = kModel;
    model.activation = Activation::relu2;
    Injection<float> injection(short_lines(), model, 0);
    for (const Case& each : cases) {
      CAPTURE(each.expected);
      for (const int steps : {0, 2}) {
        TrainState<float> state(injection.config.model);
        Rng rng(6);
        initialize(state.parameters, {.std = 0.5}, rng);
        const TrainConfig config = {.batch_size = 5};
        Trainer<float> trainer(injection.config.model, config, injection.corpus.tokenizer,
                               injection.corpus.examples, state, 1);
        for (int i = 0; i < steps; ++i) trainer.step();
        each.poison(state.parameters);
        const TrainState<float> before = state;
        const Failure got = failure_of([&] { trainer.step(); });
        CAPTURE(got.message);
        CHECK(got.is(Fault::numeric, {.where = "step " + std::to_string(steps + 1), .hint = each.expected}));
        CHECK(state.step == steps);
      }
    }
  }

  TEST_CASE("nonfinite: a gradient that overflows, and one whose square does, are told apart") {
    ModelConfig model = kModel;
    model.n_layer = 0;
    for (const double clip : {0.0, 1.0}) {
      Injection<float> injection(short_lines(), model, clip);
      // Logits of up to 1e38 from inputs of about 1; the norm before them, of inputs near 0, has a slope of
      // 300.
      injection.check(0, "the gradient of wpe holds inf", [](TrainState<float>& state) {
        state.parameters.wte() *= 1e-4F;
        state.parameters.wpe() *= 1e-4F;
        state.parameters.lm_head().setZero();
        state.parameters.lm_head().col(2).setConstant(-1e38F);
        state.parameters.lm_head().row(3).setZero();
      });
    }
    Injection<float> injection(short_lines(), model, 0);
    injection.check(0, "Adam's second moment of wte holds inf",
                    [](TrainState<float>& state) { state.parameters.lm_head() *= 1e25F; });
  }

  TEST_CASE("nonfinite: NaN before relu is not turned into 0") {
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      ModelConfig model = kModel;
      model.activation = activation;
      Injection<float> injection(short_lines(), model, 0);
      // Sums of a huge number of either sign: inf - inf, or with fused multiply-adds inf. Nothing of NaN
      // would come back from a relu that drops it: 0 times a finite weight.
      injection.check(0, "the activation layer1.mlp.pre holds", [](TrainState<float>& state) {
        state.parameters.mlp_fc1(1).setConstant(3.4e38F);
        for (Index c = 0; c < 12; c += 2) state.parameters.mlp_fc1(1).col(c).setConstant(-3.4e38F);
      });
    }
  }

  TEST_CASE("nonfinite: a held-out loss that is no number is refused by the same names") {
    Injection<double> injection(short_lines(), kModel, 0);
    TrainState<double> state(injection.config.model);
    Rng rng(8);
    initialize(state.parameters, {}, rng);
    Trainer<double> trainer(injection.config.model, injection.config.train, injection.corpus.tokenizer,
                            injection.corpus.examples, state, 1);
    trainer.step();
    state.parameters.lm_head()(1, 1) = kNan;
    const Failure got = failure_of([&] { trainer.evaluate(injection.corpus.examples); });
    for (const char* said : {"the held-out loss", "the weight lm_head holds NaN",
                             "documents \"abcdefgh\", \"bcdefghi\", \"cdefghi\" and 13 more",
                             "train.learning_rate", "train.grad_clip"}) {
      CHECK_MESSAGE(got.is(Fault::numeric, {.where = "step 1", .hint = said}), said);
    }
  }

  TEST_CASE("nonfinite: documents are named by their first characters, safe to print") {
    const std::string word = "0123456789abcdef\x1b[31mghijklmnop";
    const Example examples[] = {
        {.text = word}, {.text = "\xc3\xa9\n"}, {.text = ""}, {.text = "4"}, {.text = "5"}};
    CHECK(name_documents({examples, 1}) == "document \"0123456789abcdef\\x1b[31mghi...\"");
    CHECK(name_documents({examples + 1, 2}) == "documents \"\xc3\xa9\\n\", \"\"");
    CHECK(name_documents(examples)
          == "documents \"0123456789abcdef\\x1b[31mghi...\", \"\xc3\xa9\\n\", \"\" and 2 more");
    const std::string exact(24, 'x');
    const Example one[] = {{.text = exact}};
    CHECK(name_documents(one) == "document \"" + exact + '"');
  }

  TEST_CASE("nonfinite: all_finite sees a single number wherever it stands") {
    for (const std::size_t size : {0U, 1U, 7U, 16U, 33U, 4096U}) {
      std::vector<float> values(size, std::numeric_limits<float>::max());
      CHECK(all_finite<float>(values));
      for (std::size_t i = 0; i<size; i += size> 100 ? 511 : 1) {
        for (const double bad : {kNan, kInf, -kInf}) {
          values[i] = static_cast<float>(bad);
          CHECK(!all_finite<float>(values));
        }
        values[i] = 0;
      }
    }
  }
}
