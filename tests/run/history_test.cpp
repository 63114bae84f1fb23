// The loss curve of a run, its checkpoints one after the other, and the keys in which configs differ.
#include "microgpt/run/history.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/run/config_difference.hpp"
#include "support/errors.hpp"
#include "support/made_runs.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("run: a loss curve keeps the mean, and every held-out loss at its own step") {
    Noise noise(71);
    for (int round = 0; round < 200; ++round) {
      MetricsRecord record;
      const int steps = noise.whole(1, 3000);
      const int every = noise.whole(1, 400);
      double sum = 0;
      for (int step = 1; step <= steps; ++step) {
        record.training.push_back({step, noise.number(5)});
        sum += record.training.back().loss;
        if (step % every == 0) record.held_out.push_back({step, noise.number(5)});
      }
      const auto most = static_cast<std::size_t>(noise.whole(1, 500));
      const auto curve = loss_curve(record, most);
      CAPTURE(steps);
      CAPTURE(every);
      CAPTURE(most);
      REQUIRE(!curve.empty());
      CHECK(curve.size() <= most + most / 2 + 1);
      CHECK(curve.back().step == steps);
      // Weighted by their steps, the means add up to the sum.
      double again = 0;
      int before = 0;
      std::size_t evaluations = 0;
      for (const CurvePoint& point : curve) {
        CHECK(point.step > before);
        REQUIRE(point.training);
        again += *point.training * (point.step - before);
        before = point.step;
        evaluations += point.held_out ? 1U : 0U;
      }
      CHECK(again == doctest::Approx(sum).epsilon(1e-9));
      if (record.held_out.size() < most / 4) {
        CHECK(evaluations == record.held_out.size());
        for (const CurvePoint& point : curve) {
          if (!point.held_out) continue;
          CHECK(point.step % every == 0);
          CHECK(*point.held_out == record.held_out[static_cast<std::size_t>(point.step / every - 1)].loss);
        }
      }
      if (static_cast<std::size_t>(steps) <= most) CHECK(curve.size() == static_cast<std::size_t>(steps));
    }
    CHECK(loss_curve({}, 10).empty());
    CHECK(!lowest({}));
    CHECK(lowest({{1, 3}, {2, 2}, {3, 2}})->step == 2);
  }

  TEST_CASE("run: the checkpoints of a run come newest first, without those of another model") {
    MadeRuns runs;
    for (const int step : {0, 10, 20}) runs.save("run", step);
    runs.config.model.n_head = 4;
    runs.save("run", 15);
    write_bytes(runs.path("run", 30), "no checkpoint");
    std::vector<int> steps;
    std::vector<std::string> passed;
    each_checkpoint(
        runs.folder / "run", 0,
        [&](const std::shared_ptr<const Checkpoint>& checkpoint) {
          steps.push_back(checkpoint->training().step);
          return steps.size() < 2;
        },
        [&](const PassedOver& one) { passed.push_back(one.path.filename().string()); });
    CHECK(steps == std::vector<int>{20, 10});
    CHECK(passed == std::vector<std::string>{"step-00000030.safetensors", "step-00000015.safetensors"});
    CHECK(same_model(runs.load("run", 0), runs.load("run", 20)));
    CHECK(!same_model(runs.load("run", 15), runs.load("run", 20)));
    runs.config.model.n_head = 2;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U'a', U'e', U'm', U'x'});
    runs.save("other", 20);
    CHECK(!same_model(runs.load("other", 20), runs.load("run", 20)));
    std::filesystem::remove_all(runs.folder / "run/checkpoints");
    CHECK(failure_of([&] {
            each_checkpoint(
                runs.folder / "run", 0, [](const auto&) { return true; }, [](const PassedOver&) {});
          }).fault
          == 4);
  }

  TEST_CASE("run: of many checkpoints some are read, evenly from the newest to the oldest, and the best") {
    MadeRuns runs;
    for (int step = 0; step <= 20; ++step) runs.save("run", step);
    runs.save("best", 33);
    const auto steps_of = [&](std::size_t most) {
      std::vector<int> steps;
      each_checkpoint(
          runs.folder / "run", most,
          [&](const auto& checkpoint) {
            steps.push_back(checkpoint->training().step);
            return true;
          },
          [](const PassedOver&) {});
      return steps;
    };
    CHECK(steps_of(0).size() == 21);
    CHECK(steps_of(21).size() == 21);
    CHECK(steps_of(5) == std::vector<int>{20, 15, 10, 5, 0});
    CHECK(steps_of(2) == std::vector<int>{20, 0});
    std::filesystem::rename(runs.path("best", 33), RunFolder{runs.folder / "run"}.best_checkpoint());
    CHECK(steps_of(3) == std::vector<int>{20, 10, 0, 33});
  }

  TEST_CASE("run: configs differ in the keys that were changed, but for the note to readers") {
    RunConfig a;
    RunConfig b = a;
    CHECK(differing_keys(a, b).empty());
    b.why = "for another reason";
    b.train.steps = a.train.steps + 1;
    b.data.path = "x.txt";
    const auto keys = differing_keys(a, b);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0].key == "data.path");
    CHECK(keys[0].b == "\"x.txt\"");
    CHECK(keys[1].key == "train.steps");
    CHECK(keys[1].a == std::to_string(a.train.steps));
  }
}
