// Runs that have ended, by their steps or by their patience, and are extended.
#include <doctest/doctest.h>

#include "microgpt/run/session.hpp"
#include "microgpt/train/schedule.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("run: the held-out losses stop a run early, and it is over until it is extended") {
    Stones stones;
    stones.config.train.steps = 400;
    stones.config.train.learning_rate = 0.03;
    stones.config.eval_every = 4;
    stones.config.checkpoint_every = 4;
    std::vector<double> losses;
    Session whole = stones.begin();
    CHECK(whole.run([&](const StepDone& done) {
      if (done.held_out_loss) losses.push_back(*done.held_out_loss);
    }));
    for (const int patience : {1, 3}) {
      CAPTURE(patience);
      int worse = 0;
      std::size_t end = 0;
      for (double best = 1e9; end < losses.size() && worse < patience; ++end) {
        worse = losses[end] < best ? 0 : worse + 1;
        best = std::min(best, losses[end]);
      }
      REQUIRE(end < losses.size());  // or the text does not overfit
      stones.config.patience = patience;
      const std::string name = "run-" + std::to_string(patience);
      stones.train(name);
      CHECK(lines_of(stones.metrics(name)).back().find("\"step\":" + std::to_string(4 * end))
            != std::string::npos);
      const Failure again = failure_of([&] { (void)stones.resume(name); });
      CHECK(again.fault == 2);
      CHECK(again.names("train.patience"));
      CHECK(again.names(name));
      // Stopped in between it ends where it ended.
      {
        Session session = stones.begin(name + "-stopped");
        run_to(session, static_cast<int>(4 * end) - 3);
      }
      {
        Session session = stones.resume(name + "-stopped");
        CHECK(session.run({}));
        CHECK(session.summary().stopped_early);
        CHECK(session.step() == static_cast<int>(4 * end));
        CHECK(stones.metrics(name) == stones.metrics(name + "-stopped"));
      }
      // Extended it has patience again: for as many losses, whether it is stopped in between or not.
      const auto extend = [&](const std::string& run) {
        return Session::resume({.from = stones.folder / run, .steps = 4000});
      };
      Session longer = extend(name);
      CHECK(longer.run({}));
      CHECK(longer.step() >= static_cast<int>(4 * end) + 4 * patience);
      CHECK(longer.summary().stopped_early);
      {
        Session begun = extend(name + "-stopped");
        run_to(begun, static_cast<int>(4 * end) + 2);
      }
      Session resumed = stones.resume(name + "-stopped");
      CHECK(resumed.run({}));
      CHECK(resumed.step() == longer.step());
      CHECK(stones.metrics(name) == stones.metrics(name + "-stopped"));
    }
  }

  TEST_CASE("run: a finished run is extended, and stops in between change nothing") {
    Stones stones;
    stones.config.train.optimizer = OptimizerKind::muon;
    stones.config.train.dropout = 0.1;
    stones.config.keep = 0;
    const auto extend = [&](const std::string& run, std::optional<int> steps,
                            std::optional<Schedule> schedule = {}) {
      return Session::resume({.from = stones.folder / run, .steps = steps, .schedule = schedule});
    };
    for (const char* name : {"whole", "stopped"}) stones.train(name);
    std::vector<double> rates;
    {
      Session session = extend("whole", 40);
      CHECK(session.steps_before() == 24);
      CHECK(session.config().train.steps == 40);
      // What the run came to before stays.
      CHECK(!fs::exists(session.folder()->samples()));
      CHECK(read_bytes(stones.folder / "whole/samples-00000024.txt")
            == read_bytes(stones.folder / "stopped/samples.txt"));
      CHECK(session.run([&](const StepDone& done) { rates.push_back(done.step.learning_rate); }));
      CHECK(session.write_samples());
    }
    // The schedule is that of a run of 40 steps.
    REQUIRE(rates.size() == 16);
    TrainConfig long_run = stones.config.train;
    long_run.steps = 40;
    CHECK(rates.front() == learning_rate(long_run, 24));
    CHECK(rates.back() == learning_rate(long_run, 39));
    CHECK(stones.metrics("whole").find(R"({"step":24,"steps":40,"schedule":"linear"})") != std::string::npos);
    {
      Session session = extend("stopped", 40);
      run_to(session, 30);
    }
    {
      Session session = stones.resume("stopped");
      CHECK(!session.steps_before());
      CHECK(session.run({}));
      CHECK(session.write_samples());
    }
    CHECK(stones.difference("whole", "stopped") == "");
    CHECK(RunFolder{stones.folder / "whole"}.checkpoint_steps() == std::vector{40, 35, 28, 24, 21, 14, 7});

    // Killed while the new number of steps stands in one file and not yet in the other: the same command goes on.
    stones.train("killed");
    RunConfig edited = load_run_config(stones.folder / "killed/config.json", {});
    edited.train.steps = 40;
    save_run_config(stones.folder / "killed/config.json", edited);
    CHECK(failure_of([&] { (void)stones.resume("killed"); }).fault == 3);
    CHECK(extend("killed", 50).run({}));

    CHECK(failure_of([&] { (void)extend("whole", 40); }).names("--steps"));
    CHECK(failure_of([&] { (void)extend("whole", 12); }).names("--steps"));
    Session constant = extend("whole", 50, Schedule::constant);
    CHECK(constant.step_once().step.learning_rate == stones.config.train.learning_rate);
  }

  TEST_CASE("run: a run is extended by a time") {
    const Stones stones;
    stones.train("run");
    Session session = Session::resume({.from = stones.folder / "run", .seconds = 0.1});
    CHECK(session.config().train.steps > 24);
    CHECK(session.run({}));
    CHECK(session.step() == session.config().train.steps);
  }
}
