#include "microgpt/generate/decoder.hpp"

#include <doctest/doctest.h>

#include "microgpt/model/gpt.hpp"
#include "support/model.hpp"

TEST_SUITE("generate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kConfigs[] = {
      {.n_layer = 0, .n_embd = 4, .n_head = 1, .block_size = 5, .vocab_size = 3},
      {.n_layer = 1, .n_embd = 16, .n_head = 4, .block_size = 16, .vocab_size = 27},
      {.n_layer = 2,
       .n_embd = 6,
       .n_head = 6,
       .block_size = 9,
       .vocab_size = 11,
       .activation = Activation::relu2},
      {.n_layer = 3, .n_embd = 15, .n_head = 3, .block_size = 1, .vocab_size = 2},
      {.n_layer = 3, .n_embd = 40, .n_head = 2, .block_size = 33, .vocab_size = 65},
  };

  /// Reads the tokens one at a time and compares with the forward pass over all of them.
  template <class T>
  void check_document(const ModelConfig& config, const Parameters<T>& parameters, Decoder<T>& decoder,
                      const std::vector<int>& tokens, double tolerance) {
    const Batch batch = batch_of({tokens});
    Activations<T> a(config, batch.positions());
    gpt_forward<T>(config, parameters, batch, a);
    for (std::size_t p = 0; p + 1 < tokens.size(); ++p) {
      REQUIRE(decoder.position() == static_cast<int>(p));
      const std::span<const T> got = decoder.read(tokens[p]);
      std::vector<T> expected;
      for (Index t = 0; t < config.vocab_size; ++t) {
        expected.push_back(a.logits()(static_cast<Index>(p), t));
      }
      const double error = difference(got, expected);
      CHECK_MESSAGE(error <= tolerance, describe(config), " position ", p, ": relative error ", error,
                    "; first logit got ", got[0], ", expected ", expected[0]);
    }
  }

  template <class T>
  void check_configs(double tolerance) {
    Noise noise(31);
    for (const ModelConfig& config : kConfigs) {
      const auto parameters = random_parameters<T>(config, noise);
      Decoder<T> decoder(config, parameters);
      // A full context, then shorter ones: nothing may be left of what was read before.
      for (const int positions : {config.block_size, (config.block_size + 1) / 2, 1, config.block_size}) {
        check_document(config, parameters, decoder, random_document(config, noise, positions), tolerance);
        decoder.restart();
      }
    }
  }

  }  // namespace

  TEST_CASE("decoder: logits are those of the whole forward pass in double") {
    check_configs<double>(1e-12);
  }

  TEST_CASE("decoder: logits are those of the whole forward pass in float") {
    check_configs<float>(1e-5);
  }

  TEST_CASE("decoder: no token is read past the context") {
    Noise noise(2);
    const ModelConfig& config = kConfigs[0];
    const auto parameters = random_parameters<float>(config, noise);
    Decoder<float> decoder(config, parameters);
    for (int i = 0; i < config.block_size; ++i) decoder.read(1);
    CHECK_THROWS_AS(decoder.read(1), std::logic_error);
    CHECK(decoder.position() == config.block_size);
    decoder.restart();
    CHECK(decoder.position() == 0);
    CHECK_NOTHROW(decoder.read(1));
  }
}
