// Trains a model on a text, evaluates it, lets it write, and asks it why.
#include <iostream>

#include "microgpt/render/text.hpp"
#include "microgpt/run/session.hpp"
#include "microgpt/view/view.hpp"

using namespace microgpt;

int main() {
  const RunConfig config = load_run_config("configs/names.json", {"train.steps=200", "train.eval_every=100"});
  Session session = Session::begin(config, {});  // without a run folder nothing is written to disk
  session.run([](const StepDone& done) {
    if (done.held_out_loss)
      std::cout << "step " << done.step.step << ": " << *done.held_out_loss << " nats\n";
  });
  const auto samples = session.write_samples();
  for (const std::string& text : samples->texts) std::cout << text << '\n';

  const view::Subject subject(
      study::Model{session.config().model, session.parameters(), session.corpus().tokenizer}, "my model");
  const view::ViewSpec& ledger = *view::find_view(view::study_views(), "ledger");
  view::Options options(ledger.options);
  options.set("--text", "emm");
  const view::Page page = ledger.make({.options = options, .subject = &subject});
  std::cout << render::to_text(page, {.width = 100});
}
