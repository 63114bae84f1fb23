// A training step asks for no memory once it runs. Counted by a global operator new that belongs to the whole
// test program; not under the sanitizers, which have their own.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/model.hpp"
#include "support/sanitizers.hpp"

#ifndef MICROGPT_SANITIZED

namespace {

std::atomic<std::size_t> allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("allocation: a training step allocates nothing after the first few") {
    Noise noise(81);
    for (const int n_head : {4, 1}) {  // both forms of attention
      const SmallText corpus(random_lines(noise, 400, 20, 9), 16);
      const ModelConfig model = {.n_layer = 2,
                                 .n_embd = 32,
                                 .n_head = n_head,
                                 .block_size = 16,
                                 .vocab_size = corpus.tokenizer.vocab_size()};
      for (const double clip : {0.0, 1.0}) {
        const TrainConfig config = {.steps = 1000, .batch_size = 40, .grad_clip = clip};
        TrainState<float> state(model);
        state.parameters = random_parameters<float>(model, noise, 0.1);
        Trainer<float> trainer(model, config, corpus.tokenizer, corpus.examples, state, 2);
        const std::size_t before_any = allocations;
        for (int step = 0; step < 20; ++step) trainer.step();
        REQUIRE_MESSAGE(allocations > before_any, "the counter does not count");
        const std::size_t before = allocations;
        for (int step = 0; step < 40; ++step) trainer.step();
        CHECK_MESSAGE(allocations == before, n_head, " heads, clipping at ", clip, ": ", allocations - before,
                      " allocations in 40 steps, expected none");
      }
    }
  }
}

#endif
