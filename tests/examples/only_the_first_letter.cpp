// What would follow each letter if a head looked at the first letter of the name and at nothing else?
#include <cstdio>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/trace.hpp"

using namespace microgpt;

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const Checkpoint file = Checkpoint::load(arguments[1]);
  const study::Model model{file.config().model, file.parameters<double>(), file.tokenizer()};

  const study::Intervention look = {study::parse_address(arguments[2], model.config),  // a head's pattern
                                    [](const study::Element& e) { return e.column == 1 ? 1.0 : 0.0; }};
  const Batch batch = study::batch_of_text(model, arguments[3]);
  const auto before = study::run(model, batch).nll();
  const auto after = study::run(model, batch, {&look, 1}).nll();
  for (std::size_t p = 1; p < batch.positions(); ++p) {
    std::printf("position %zu: loss %.3f, looking at the first letter only %.3f\n", p, before[p], after[p]);
  }
}
