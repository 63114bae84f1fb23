// A program of somebody else that uses the installed library: two documents, a model of zeros whose
// loss is known, some training, a text.
#include <cmath>
#include <cstdio>

#include "microgpt/generate/generator.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/trainer.hpp"

int main() {
  using namespace microgpt;
  Rng rng(42);
  const auto corpus =
      Corpus::make(Dataset::from_text("ab\nba\n", DataMode::lines, ByteOrderMark::drop), {}, 4, rng);
  const Tokenizer& tokenizer = corpus.tokenizer;
  const ModelConfig model = {
      .n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 4, .vocab_size = tokenizer.vocab_size()};
  const TrainConfig config = {.steps = 200, .batch_size = 2};

  TrainState<double> state(model);
  Trainer<double> trainer(model, config, tokenizer, corpus.training, state, 2);
  const double uniform = trainer.evaluate(corpus.training);

  initialize(state.parameters, InitConfig{}, rng);
  while (state.step < config.steps) trainer.step();
  const double trained = trainer.evaluate(corpus.training);
  const std::string text = tokenizer.decode(Generator<double>(model, state.parameters).generate({}, {}, rng));

  // Before: three tokens, all alike. After: the first letter is open, the other two are not.
  const double best = std::log(2.0) / 3;
  std::printf("%.17g %.17g %s\n", uniform, trained, text.c_str());
  const bool good = std::abs(uniform - std::log(3.0)) < 1e-12 && trained > best - 1e-9
                    && trained < best + 0.05 && (text == "ab" || text == "ba");
  return good ? 0 : 1;
}
