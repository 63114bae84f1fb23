// When held-out losses tell that a model learns its text by heart, and when they are but noise.
#include "microgpt/run/memorising.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "microgpt/evaluate/texts.hpp"
#include "run/stones.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// What is found after each of some evaluations: of a held-out loss and the training loss at that time.
  std::vector<bool> found(double guessing, const std::vector<std::pair<double, double>>& losses) {
    Memorising memorising(guessing);
    std::vector<bool> all;
    int step = 0;
    for (const auto& [held_out, training] : losses) {
      memorising.add({step += 10, held_out}, training);
      all.push_back(memorising.found());
    }
    return all;
  }

  /// A model that is large for a few stones and trained long enough to know them.
  struct Overfitting : Stones {
    Overfitting() {
      config.model.n_embd = 32;
      config.train.steps = 300;
      config.train.learning_rate = 0.02;
      config.eval_every = 20;
      config.checkpoint_every = 0;
    }
  };

  }  // namespace

  TEST_CASE("run: memorising is a held-out loss that rises clearly, twice in a row, while training falls") {
    using Found = std::vector<bool>;
    CHECK(found(3.3, {{3.0, 3.0}, {2.3, 2.2}, {2.5, 2.0}, {2.6, 1.8}, {2.31, 1.7}})
          == Found{false, false, false, true, false});
    // Noise: by less than 0.1, by less than 5 %, up and down, or with a training loss that rises too.
    CHECK(found(3.3, {{1.0, 1.0}, {1.09, 0.9}, {1.09, 0.8}}) == Found(3, false));
    CHECK(found(9.0, {{6.0, 6.0}, {6.2, 5.9}, {6.29, 5.8}}) == Found(3, false));
    CHECK(found(3.3, {{2.3, 2.2}, {2.5, 2.1}, {2.3, 2.1}, {2.5, 2.0}, {2.35, 2.0}}) == Found(5, false));
    CHECK(found(3.3, {{2.3, 2.2}, {2.5, 2.3}, {2.6, 2.4}}) == Found(3, false));
    // The first evaluation of all may come too late to see it rise: worse than guessing.
    CHECK(found(3.3, {{4.3, 0.4}}) == Found{true});
    CHECK(found(3.3, {{3.4, 0.4}}) == Found{false});
    CHECK(found(3.3, {{9.0, 8.0}}) == Found{false});  // it has learnt nothing
    CHECK(found(3.3, {}).empty());
  }

  TEST_CASE("run: a session tells that it memorises, when it does and at its end, resumed or not") {
    const Overfitting stones;
    std::vector<int> told;
    RunSummary expected;
    {
      Session session = stones.begin("run");
      CHECK(session.run([&](const StepDone& done) {
        if (done.memorises) told.push_back(done.step.step);
      }));
      expected = session.summary();
    }
    REQUIRE(expected.memorised);
    CHECK(expected.guessing == uniform_nats(28, DataMode::lines));
    REQUIRE(!told.empty());
    CHECK(told.front() > expected.best->step);
    CHECK(told.back() == 300);
    const std::string words = memorised_text(expected);
    CAPTURE(words);
    CHECK(words.starts_with("the model has memorised its text: the held-out loss ended at "));
    CHECK(words.find(" at step " + std::to_string(expected.best->step)) != std::string::npos);
    CHECK((words.find("above guessing") != std::string::npos)
          == (*expected.held_out_loss > expected.guessing));

    std::vector<int> again;
    const auto listen = [&](const StepDone& done) {
      if (done.memorises) again.push_back(done.step.step);
    };
    for (const int stop : {30, 110, 250}) {
      CAPTURE(stop);
      again.clear();
      fs::remove_all(stones.folder / "again");
      {
        Session session = stones.begin("again");
        CHECK(!session.run(listen, [&](int step) { return step == stop; }));
      }
      Session session = stones.resume("again");
      CHECK(session.run(listen));
      CHECK(again == told);
      CHECK(memorised_text(session.summary()) == words);
      CHECK(session.summary().mean_loss == expected.mean_loss);
    }

    Stones few;  // too few steps to learn anything by heart
    Session session = few.begin();
    CHECK(session.run([](const StepDone& done) { CHECK(!done.memorises); }));
    CHECK(!session.summary().memorised);
  }
}
