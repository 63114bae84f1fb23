// The fast model trained as microgpt.py trains its own, against Python's losses and samples.
#include "support/golden.hpp"

#include <doctest/doctest.h>

#include "microgpt/config/run_config.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/train/trainer.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// Trains and samples as the program does: one generator for the shuffle, the initial weights
  /// and the samples.
  void check_run(const std::string& name, const std::filesystem::path& text, RunConfig config) {
    const Golden golden = load_golden(name);
    REQUIRE(golden.losses.size() == static_cast<std::size_t>(config.train.steps));
    REQUIRE(golden.samples.size() == static_cast<std::size_t>(config.sample.count));
    CHECK(config.precision == Precision::float64);

    Rng rng(config.seed);
    const auto corpus =
        microgpt::Corpus::make(Dataset::load(text, config.data.mode, ByteOrderMark::keep), config.data,
                               static_cast<std::size_t>(config.model.block_size), rng);
    const Tokenizer& tokenizer = corpus.tokenizer;
    config.model.vocab_size = tokenizer.vocab_size();
    TrainState<double> state(config.model);
    initialize(state.parameters, config.init, rng);

    Trainer<double> trainer(config.model, config.train, tokenizer, corpus.training, state, 1);
    for (std::size_t step = 0; step < golden.losses.size(); ++step) {
      const double loss = trainer.step().loss;
      const double expected = golden.losses[step];
      const double error = std::abs(loss - expected) / expected;
      REQUIRE_MESSAGE(error <= (step < 100 ? 1e-9 : 1e-6), name, ": loss of step ", step + 1, ": got ", loss,
                      ", expected ", expected, ", relative error ", error);
    }

    Generator<double> generator(config.model, state.parameters);
    const GenerateOptions options{config.sample.sampler, config.model.block_size};
    for (std::size_t i = 0; i < golden.samples.size(); ++i) {
      const std::string sample = tokenizer.decode(generator.generate({}, options, rng));
      CHECK_MESSAGE(sample == golden.samples[i], name, ": sample ", i + 1);
    }
  }

  void check_names(const std::string& name, const std::string& config) {
    const auto text = well_known_text("names.txt");
    if (!text) {
      MESSAGE("left out: names.txt is not there (MICROGPT_TEST_DATA or scripts/get-data.sh)");
      return;
    }
    check_run(name, *text, load_run_config(repository_file("configs/" + config), {}));
  }

  }  // namespace

  TEST_CASE("golden: configs/microgpt.json gives Python's losses and names") {
    check_names("latest", "microgpt.json");
  }

  TEST_CASE("golden: configs/course.json gives Python's losses and names") {
    check_names("course", "course.json");
  }

  TEST_CASE("golden: the two configs give Python's losses and samples on small texts") {
    check_run("words", repository_file("tests/golden/words.txt"),
              load_run_config(repository_file("configs/microgpt.json"),
                              {"seed=5", "model.n_layer=2", "model.block_size=12", "train.steps=200"}));
    check_run("no-layer", repository_file("tests/golden/words.txt"),
              load_run_config(repository_file("configs/course.json"),
                              {"seed=1", "model.n_layer=0", "model.n_embd=8", "model.n_head=2",
                               "model.block_size=6", "train.steps=40", "sample.count=10"}));
    check_run("unicode-course", repository_file("tests/golden/unicode.txt"),
              load_run_config(repository_file("configs/course.json"), {"seed=7", "train.steps=12"}));
  }
}
