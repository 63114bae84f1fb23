// A program of somebody else that uses the installed library: two documents, a model of zeros whose
// loss is known, some training, a text.
#include <cmath>
#include <cstdio>

#include "microgpt/generate/generator.hpp"
#include "microgpt/train/trainer.hpp"

int main() {
  using namespace microgpt;
  const auto dataset = Dataset::from_text("ab\nba\n", DocumentKind::lines, ByteOrderMark::drop);
  const Tokenizer tokenizer(dataset.documents());
  const auto examples = make_examples(dataset.documents(), 4, LongDocuments::cut);
  const ModelConfig model = {
      .n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 4, .vocab_size = tokenizer.vocab_size()};
  const TrainConfig config = {.steps = 200, .batch_size = 2};

  TrainState<double> state(model);
  Trainer<double> trainer(model, config, tokenizer, examples, state, 2);
  const double uniform = trainer.evaluate(examples);

  Rng rng(42);
  initialize(state.parameters, InitConfig{}, rng);
  while (state.step < config.steps) trainer.step();
  const double trained = trainer.evaluate(examples);
  const std::string text = tokenizer.decode(Generator<double>(model, state.parameters).generate({}, {}, rng));

  // Before: three tokens, all alike. After: the first letter is open, the other two are not.
  const double best = std::log(2.0) / 3;
  std::printf("%.17g %.17g %s\n", uniform, trained, text.c_str());
  const bool good = std::abs(uniform - std::log(3.0)) < 1e-12 && trained > best - 1e-9
                    && trained < best + 0.05 && (text == "ab" || text == "ba");
  return good ? 0 : 1;
}
