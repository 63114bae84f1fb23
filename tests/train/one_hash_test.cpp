// The same config, text and seed give everyone the same numbers, to the last bit: on every processor that rounds a
// product and a sum together, with every compiler, at every level of optimisation (docs/speed.md says what that takes).
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "microgpt/base/sha256.hpp"
#include "microgpt/generate/decoder.hpp"
#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/forms.hpp"
#include "support/numbers.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Case {
    const char* name;
    ModelConfig model;
    TrainConfig train;
    const char* digest;  ///< of what a run computes
  };

  template <class T>
  void take_in(Sha256& digest, std::span<const T> numbers) {
    digest.update({reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()});
  }

  /// The weights, the moments and the losses of 25 steps, the loss of an evaluation, and the logits of decoding.
  std::string digest_of_run(const Case& one, int threads) {
    Noise noise(131);
    const SmallText corpus(random_lines(noise, 60, one.model.block_size + 2, one.model.vocab_size - 1),
                           one.model.block_size);
    TrainState<float> state(one.model);
    Rng rng(9);
    initialize(state.parameters, {}, rng);
    Trainer<float> trainer(one.model, one.train, corpus.tokenizer, corpus.examples, state, threads);
    std::vector<double> losses;
    for (int step = 0; step < 25; ++step) losses.push_back(trainer.step().loss);
    losses.push_back(trainer.evaluate(corpus.examples));
    Sha256 digest;
    for (const auto* numbers : {&state.parameters, &state.m, &state.v}) {
      take_in<float>(digest, numbers->values());
    }
    take_in<double>(digest, losses);
    Decoder<float> decoder(one.model, state.parameters);
    for (int i = 0; i < one.model.block_size; ++i)
      take_in<float>(digest, decoder.read(i % one.model.vocab_size));
    return digest.hex();
  }

  const Case kCases[] = {
      {"heads side by side in a vector",
       {.n_layer = 2, .n_embd = 32, .n_head = 8, .block_size = 11, .vocab_size = 27},
       {.steps = 25, .batch_size = 40, .learning_rate = 0.01},
       "cd4f4458191e5cb6098bfb0fa1e444ccc919d01776fe8a2107516d716c81a602"},
      {"a head as wide as the widest vector, clipping, decay, squared relu",
       {.n_layer = 1,
        .n_embd = 32,
        .n_head = 2,
        .block_size = 20,
        .vocab_size = 30,
        .activation = Activation::relu2},
       {.steps = 25,
        .batch_size = 7,
        .learning_rate = 0.01,
        .schedule = Schedule::cosine,
        .weight_decay = 0.1,
        .grad_clip = 0.5},
       "b0cba1f9f44128229f56c14a1d5772ff147f28ca31c913c7805ce04f50fc711b"},
      {"attention by products, and rows that are no whole vectors",
       {.n_layer = 1, .n_embd = 21, .n_head = 3, .block_size = 70, .vocab_size = 29},
       {.steps = 25, .batch_size = 3, .learning_rate = 0.01},
       "94b13c4f0fe3231c096ea146f7f41fb4730065fb0b7452bf6a3d3dd6c1a2a770"},
      {"Muon and dropout",
       {.n_layer = 2,
        .n_embd = 48,
        .n_head = 12,
        .block_size = 15,
        .vocab_size = 27,
        .activation = Activation::relu2},
       {.steps = 25,
        .batch_size = 33,
        .loss = LossMean::token,
        .learning_rate = 0.01,
        .optimizer = OptimizerKind::muon,
        .weight_decay = 0.1,
        .muon_iterations = 3,
        .dropout = 0.1},
       "15947349b3bda7ddc0efe7f54a45cf05956bb11a615ff85cad0941c5773784b5"},
  };

  }  // namespace

  TEST_CASE(
      "one hash: a run computes the same numbers in every form that fuses, with any number of threads") {
#if defined(__x86_64__)
    if (fast::forms().front()->vector_bits < 512) MESSAGE("left out, for the processor does not have it: v4");
#endif
    for (const Case& one : kCases) {
      for (const fast::Form* form : fast::forms()) {
        const InForm in(*form);
        const std::string name = form->name;
        CAPTURE(name);
        CAPTURE(one.name);
        if (!is_fused(*form)) {
          MESSAGE("left out, for it has no fused multiply-add: ", name);
          CHECK(digest_of_run(one, 1) == digest_of_run(one, 2));
          continue;
        }
        for (const int threads : {1, 2}) {
          CAPTURE(threads);
          CHECK(digest_of_run(one, threads) == std::string(one.digest));
        }
      }
    }
  }
}
