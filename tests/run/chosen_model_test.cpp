// Which weights of a run are used: the best by held-out loss, the last, or what is left.
#include "microgpt/run/chosen_model.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "microgpt/run/evaluation.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// A run of 120 steps whose best weights are of an earlier step.
  struct EarlyBest : Stones {
    EarlyBest() {
      config.model.n_embd = 32;
      config.train.steps = 120;
      config.train.learning_rate = 0.02;
      config.checkpoint_every = 40;
      config.keep = 0;
    }
  };

  }  // namespace

  TEST_CASE("run: a run folder means its best weights unless the last are asked for") {
    const EarlyBest stones;
    stones.train("run");
    const RunFolder run{stones.folder / "run"};
    const int best = Checkpoint::stated_step(run.best_checkpoint());
    REQUIRE(best > 0);
    REQUIRE(best < 120);
    std::vector<std::string> warnings;
    const auto warn = [&](const Error& error) { warnings.emplace_back(error.what()); };

    const ChosenModel chosen = choose_model(run.path, Weights::best, warn);
    CHECK(chosen.checkpoint.path() == run.best_checkpoint());
    CHECK(chosen.checkpoint.training().step == best);
    CHECK(chosen.last_step == 120);
    const ChosenModel last = choose_model(run.path, Weights::last, warn);
    CHECK(last.checkpoint.training().step == 120);
    CHECK(!last.last_step);
    // A file is that file.
    const ChosenModel file = choose_model(run.checkpoint(40), Weights::best, warn);
    CHECK(file.checkpoint.training().step == 40);
    CHECK(!file.last_step);
    CHECK(warnings.empty());

    // To resume, the newest is what counts.
    CHECK(load_newest_checkpoint(run.path).training().step == 120);

    // Damaged or gone, it is passed over for the newest.
    const std::string bytes = read_bytes(run.best_checkpoint());
    write_bytes(run.best_checkpoint(), bytes.substr(0, bytes.size() - 9));
    CHECK(choose_model(run.path, Weights::best, warn).checkpoint.training().step == 120);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("best.safetensors") != std::string::npos);
    std::string changed = bytes;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    write_bytes(run.best_checkpoint(), changed);
    CHECK(choose_model(run.path, Weights::best, warn).checkpoint.training().step == 120);
    CHECK(warnings.size() == 2);
    fs::remove(run.best_checkpoint());
    CHECK(choose_model(run.path, Weights::best, warn).checkpoint.training().step == 120);
    CHECK(warnings.size() == 2);
  }

  TEST_CASE("run: the best of another text is not what a run means") {
    EarlyBest stones;
    {
      Session session = stones.begin("run");
      run_to(session, 118);
    }
    const RunFolder run{stones.folder / "run"};
    REQUIRE(step_after_best(run.path) == 118);
    // It goes on with half of the text, and is stopped before it has measured a loss there.
    const std::string text = read_bytes(stones.config.data.path);
    write_bytes(stones.config.data.path, text.substr(0, text.rfind('\n', text.size() / 2) + 1));
    {
      Session session = Session::resume({.from = run.path, .text_may_differ = true});
      run_to(session, 119);
    }
    CHECK(!step_after_best(run.path));
    CHECK(choose_model(run.path, Weights::best).checkpoint.training().step == 119);
  }

  TEST_CASE("run: the samples of a run are written with its best weights, with and without files") {
    const EarlyBest stones;
    Session with = stones.begin("run");
    Session without = stones.begin();
    CHECK(with.run({}));
    CHECK(without.run({}));
    const int best = with.summary().best->step;
    REQUIRE(best < 120);
    const Samples samples = with.write_samples().value();
    CHECK(samples.step == best);
    CHECK(!samples.best_is_missing);
    const Samples others = without.write_samples().value();
    CHECK(others.texts == samples.texts);
    CHECK(others.step == best);

    // The file is gone: the last ones write, and it is told.
    { const Session gone = std::move(with); }
    fs::remove(stones.folder / "run/samples.txt");
    fs::remove(stones.folder / "run/checkpoints/best.safetensors");
    Session again = stones.resume("run");
    const Samples last = again.write_samples().value();
    CHECK(last.step == 120);
    CHECK(last.best_is_missing);
    CHECK(last.texts.size() == samples.texts.size());
    CHECK(last.texts != samples.texts);

    // Without held-out text there is no best.
    Stones plain;
    plain.config.data.held_out = 0;
    Session session = plain.begin();
    CHECK(session.run({}));
    const Samples of_last = session.write_samples().value();
    CHECK(of_last.step == 24);
    CHECK(!of_last.best_is_missing);
  }

  TEST_CASE("run: the text kept for the test is judged once, by the best weights") {
    EarlyBest stones;
    CHECK(!stones.begin().write_samples().value().test_loss);  // none is kept
    stones.config.data.test = 0.2;
    Session session = stones.begin("run", 2);
    CHECK(session.run({}));
    const Samples samples = session.write_samples().value();
    REQUIRE(samples.test_loss);
    CHECK(samples.step < 120);
    const fs::path run = stones.folder / "run";
    const auto loss_of = [&](Weights weights, const char* split) {
      return evaluate_split(choose_model(run, weights).checkpoint, "", split, 1).losses.token_mean;
    };
    CHECK(*samples.test_loss == loss_of(Weights::best, "test"));
    CHECK(*samples.test_loss != loss_of(Weights::last, "test"));
    CHECK(*samples.test_loss != loss_of(Weights::best, "val"));
    Session without = stones.begin();
    CHECK(without.run({}));
    CHECK(without.write_samples().value().test_loss == samples.test_loss);
  }
}
