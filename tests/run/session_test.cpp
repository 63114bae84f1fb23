// A run as an object: the same bytes with and without a folder; and what is recorded and said however it ends.
#include "microgpt/run/session.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>

#include "microgpt/base/sha256.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/train/trainer.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("run: a session trains, evaluates and writes what microgpt.py does") {
    const auto check = [](const std::string& name, const std::string& file,
                          std::vector<std::string> overrides) {
      RunConfig config = load_run_config(repository_file("configs/" + file), overrides);
      config.data.path = repository_file("tests/golden/words.txt").string();
      Session session = Session::begin(std::move(config), {});
      const Golden golden = load_golden(name);
      std::vector<double> losses;
      CHECK(session.run([&](const StepDone& done) { losses.push_back(done.step.loss); }));
      REQUIRE(losses.size() == golden.losses.size());
      for (std::size_t i = 0; i < losses.size(); ++i) {
        CHECK(std::abs(losses[i] / golden.losses[i] - 1) < (i < 100 ? 1e-9 : 1e-6));
      }
      CHECK(session.write_samples().value().texts == golden.samples);
    };
    check("words", "microgpt.json", {"seed=5", "model.n_layer=2", "model.block_size=12", "train.steps=200"});
    check("no-layer", "course.json",
          {"seed=1", "model.n_layer=0", "model.n_embd=8", "model.n_head=2", "model.block_size=6",
           "train.steps=40", "sample.count=10"});
  }

  TEST_CASE("run: checkpoints are those of the training loop by hand, to the last byte") {
    Stones stones;
    stones.config.keep = 0;
    Session session = stones.begin("run");
    REQUIRE(session.run({}));
    RunConfig config = session.config();
    Rng rng(config.seed);
    const Corpus corpus = Corpus::load(config.data, 8, rng);
    TrainState<float> state(config.model);
    initialize(state.parameters, config.init, rng);
    Trainer<float> trainer(config.model, config.train, corpus.tokenizer, corpus.training, state, 1);
    for (int step = 1; step <= 24; ++step) {
      trainer.step();
      if (step % 7 != 0 && step != 24) continue;
      TrainingRecord record{step, corpus.dataset.digest(), rng.state(), {}};
      if (step % 5 == 0 || step == 24) record.held_out_loss = trainer.evaluate(corpus.held_out);
      save_checkpoint(stones.folder / "by-hand", config, corpus.tokenizer, record, state);
      CAPTURE(step);
      CHECK(read_bytes(session.folder()->checkpoint(step)) == read_bytes(stones.folder / "by-hand"));
    }
  }

  TEST_CASE("run: without a folder a session does the same and writes nothing") {
    const Stones stones;
    Session with = stones.begin("run", 2);
    Session without = stones.begin();
    CHECK(without.folder() == nullptr);
    CHECK(with.folder()->path == stones.folder / "run");
    std::vector<StepDone> steps;
    CHECK(with.run([&](const StepDone& done) { steps.push_back(done); }));
    const auto before = names_in(stones.folder.path());
    std::size_t at = 0;
    CHECK(without.run([&](const StepDone& done) {
      CHECK(done.step.loss == steps[at].step.loss);
      CHECK(done.step.step == static_cast<int>(at) + 1);
      CHECK(done.held_out_loss == steps[at].held_out_loss);
      CHECK(done.is_best == steps[at].is_best);
      CHECK(!done.saved);
      ++at;
    }));
    CHECK(at == 24);
    CHECK(values_of(with) == values_of(without));
    const Samples samples = without.write_samples().value();
    CHECK(samples.texts == with.write_samples().value().texts);
    CHECK(samples.texts.size() == 6);
    CHECK(samples.max_chars == 8);
    CHECK(names_in(stones.folder.path()) == before);
    // What was due when.
    double best = 1e9;
    for (const StepDone& done : steps) {
      CAPTURE(done.step.step);
      const int step = done.step.step;
      CHECK(done.held_out_loss.has_value() == (step % 5 == 0 || step == 24));
      CHECK(done.saved.has_value() == (step % 7 == 0 || step == 24));
      CHECK(done.is_best == (done.held_out_loss && *done.held_out_loss < best));
      if (done.held_out_loss) best = std::min(best, *done.held_out_loss);
    }
    const RunSummary summary = with.summary();
    CHECK(summary.step == 24);
    CHECK(summary.best->loss == best);
    CHECK(summary.held_out_loss == steps.back().held_out_loss);
    CHECK(!summary.stopped_early);
    double sum = 0;
    for (const StepDone& done : steps) sum += done.step.loss;
    CHECK(summary.mean_loss == doctest::Approx(sum / 24).epsilon(1e-12));
    CHECK(summary.mean_steps == 24);
    const auto saved = Checkpoint::load(with.folder()->best_checkpoint());
    CHECK(saved.training().held_out_loss == best);
    CHECK(saved.training().step == summary.best->step);
  }

  TEST_CASE("run: texts that are new or cut are counted, and a run that is stopped before them writes none") {
    Stones stones;
    stones.config.sample.count = 50;
    stones.config.sample.max_chars = 3;
    Session session = stones.begin("run");
    CHECK(session.run({}));
    int asked = 0;
    CHECK(!session.write_samples([&] { return ++asked > 20; }));
    CHECK(!fs::exists(stones.folder / "run/samples.txt"));
    { const Session gone = std::move(session); }
    Session again = stones.resume("run");
    CHECK(again.done());
    const Samples samples = again.write_samples().value();
    CHECK(samples.texts.size() == 50);
    CHECK(samples.max_chars == 3);
    std::size_t cut = 0;
    for (const std::string& text : samples.texts) cut += text.size() >= 3 ? 1U : 0U;
    CHECK(samples.cut <= cut);
    CHECK(samples.cut > 0);
    CHECK(samples.fresh <= 50);
    CHECK(lines_of(read_bytes(stones.folder / "run/samples.txt")) == samples.texts);
    stones.train("whole");
    CHECK(stones.difference("whole", "run") == "+.lock ");  // the same texts as if it had not been stopped
    CHECK(failure_of([&] { (void)stones.resume("whole"); }).fault == 2);
  }

  TEST_CASE("run: nothing is made before all that can fail has been tried") {
    Stones stones;
    stones.config.data.path = (stones.folder / "missing.txt").string();
    bool made = false;
    const auto begin = [&](RunConfig config, std::optional<int> stop_after = {}) {
      return failure_of([&] {
        (void)Session::begin(std::move(config), {.make_folder = [&]() -> RunFolder {
                                                   made = true;
                                                   return RunFolder::create(stones.folder / "run");
                                                 },
                                                 .stop_after = stop_after});
      });
    };
    CHECK(begin(stones.config).fault == 3);
    stones.config.data.path = (stones.folder / "stones.txt").string();
    CHECK(begin(stones.config, 25).fault == 2);
    RunConfig large = stones.config;
    large.model.n_embd = 65536;
    large.model.n_layer = 200;
    CHECK(begin(large).fault == 3);
    CHECK(!made);
    CHECK(names_in(stones.folder.path()).size() == 1);
  }

  TEST_CASE("run: the loss of guessing is that of all tokens that may come next") {
    RunConfig config;
    config.model.vocab_size = 28;
    CHECK(uniform_nats(config.model.vocab_size, config.data.mode) == doctest::Approx(std::log(28)));
    config.data.mode = DataMode::stream;
    CHECK(uniform_nats(config.model.vocab_size, config.data.mode) == doctest::Approx(std::log(27)));
  }

  // A run that breaks down: every step that was finished is recorded, and the last weights that are good are saved.
  TEST_CASE("run: a breakdown leaves every finished step in metrics.jsonl and names the weights it saved") {
    int broken = 0, saved_steps = 0;
    struct Rate {
      double rate;
      int warmup;
    };
    for (const Rate& each : {Rate{1e10, 0}, Rate{1e10, 2900}, Rate{1e9, 2900}, Rate{1e8, 2900}}) {
      Stones stones;
      stones.config.eval_every = 0;
      stones.config.checkpoint_every = 0;
      stones.config.keep = 0;
      stones.config.train.steps = 3000;
      stones.config.train.grad_clip = 0;
      stones.config.train.learning_rate = each.rate;
      stones.config.train.warmup_steps = each.warmup;
      std::vector<double> losses;
      std::optional<Session> session = stones.begin("run");
      const Failure failure =
          failure_of([&] { session->run([&](const StepDone& done) { losses.push_back(done.step.loss); }); });
      CAPTURE(each.rate);
      CAPTURE(each.warmup);
      CAPTURE(failure.message);
      CHECK(failure.fault == 6);
      CHECK(failure.is_one_line());
      session.reset();
      if (failure.fault == 6) ++broken;
      // No step is lost, none is there twice.
      const MetricsRecord record = read_metrics(stones.folder / "run/metrics.jsonl");
      REQUIRE(record.training.size() == losses.size());
      for (std::size_t i = 0; i < losses.size(); ++i) {
        CHECK(record.training[i] == MeasuredLoss{static_cast<int>(i) + 1, losses[i]});
      }
      CHECK(lines_of(stones.metrics("run")).size() == losses.size());
      // What the message names is there, and is the run as it was after that step.
      const Checkpoint kept = load_newest_checkpoint(stones.folder / "run", {});
      const int step = kept.training().step;
      CHECK(step <= static_cast<int>(losses.size()));
      if (losses.size() > 4) CHECK(step >= static_cast<int>(losses.size()) / 2);
      saved_steps += step > 0 ? 1 : 0;
      CHECK(failure.names(kept.path().string()));
      Session good = stones.begin();
      if (step > 0) run_to(good, step);
      const Parameters<double> weights = kept.parameters<double>();
      CHECK(values_of(good) == std::vector<double>(weights.values().begin(), weights.values().end()));
    }
    CHECK(broken == 4);
    CHECK(saved_steps == 3);
    // Without a folder the error is the same, and there is nothing to name.
    Stones stones;
    stones.config.train.learning_rate = 1e10;
    stones.config.train.grad_clip = 0;
    const Failure failure = failure_of([&] { stones.begin().run({}); });
    CHECK(failure.fault == 6);
    CHECK(!failure.names("safetensors"));
  }

  TEST_CASE("run: every finished step is in metrics.jsonl, whatever ends the run") {
    const Stones stones;
    for (const int last : {1, 9, 16}) {
      fs::remove_all(stones.folder / "run");
      const Failure failure = failure_of([&] {
        Session session = stones.begin("run");
        session.run([&](const StepDone& done) {
          if (done.step.step == last) throw Error(Fault::io, {.what = "the listener cannot write"});
        });
      });
      CHECK(failure.fault == 5);
      CHECK(read_metrics(stones.folder / "run/metrics.jsonl").training.size()
            == static_cast<std::size_t>(last));
      // And the run can be taken up.
      Session session = stones.resume("run");
      CHECK(session.step() <= last);
      CHECK(session.run({}));
    }
  }

  TEST_CASE("run: of much held-out text a sample is measured, and the record says of how many characters") {
    Stones stones;
    stones.config.data.held_out = 0.5;
    stones.config.eval_positions = 12;
    stones.train("sampled");
    const auto saved = Checkpoint::load(RunFolder{stones.folder / "sampled"}.best_checkpoint());
    REQUIRE(saved.training().sample);
    CHECK(*saved.training().sample <= 12);
    const MetricsRecord record = read_metrics(stones.folder / "sampled/metrics.jsonl");
    CHECK(record.sample == std::optional<std::size_t>(*saved.training().sample));
    Session session = stones.begin();
    const Examples some = session.corpus().held_out.sample(12);
    CHECK(some.size() < session.corpus().held_out.size());
    CHECK(some.positions() == *saved.training().sample);
    stones.config.eval_positions = 0;
    stones.train("all");
    CHECK(!read_metrics(stones.folder / "all/metrics.jsonl").sample);
  }
}
