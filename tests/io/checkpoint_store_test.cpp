#include "microgpt/run/checkpoint_store.hpp"

#include <doctest/doctest.h>

#include "io/saved_run.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  namespace fs = std::filesystem;

  /// A run folder and what is saved to it, one step after the other.
  template <class T>
  struct Run {
    Saved<T> saved{{0, 1, 1, 1, 5, Activation::relu}};
    RunFolder folder = RunFolder::create(saved.folder / "run");

    Run() { saved.config.checkpoint_every = 10; }
    [[nodiscard]] CheckpointStore store() const { return {folder, saved.config, saved.tokenizer}; }
    void at(int step, std::optional<double> held_out_loss = std::nullopt) {
      saved.state.step = saved.record.step = step;
      saved.record.held_out_loss = held_out_loss;
    }
    void save(int step) {
      at(step);
      store().save(saved.record, saved.state);
    }
    /// The step of best.safetensors after this one is offered; 0 if there is none.
    int best(CheckpointStore& store, int step, std::optional<double> held_out_loss) {
      at(step, held_out_loss);
      store.save_if_best(saved.record, saved.state);
      if (!fs::exists(folder.best_checkpoint())) return 0;
      return Checkpoint::load(folder.best_checkpoint()).training().step;
    }
  };

  using Steps = std::vector<int>;

  }  // namespace

  TEST_CASE_TEMPLATE("checkpoint_store: the best is the one of the lowest loss, the first of equals", T,
                     float, double) {
    Run<T> run;
    run.saved.config.train.steps = 100;
    auto store = run.store();
    CHECK(run.best(store, 1, std::nullopt) == 0);
    CHECK(run.best(store, 2, 3.0) == 2);
    CHECK(run.best(store, 3, 3.0) == 2);
    CHECK(run.best(store, 4, 3.5) == 2);
    CHECK(run.best(store, 5, std::nullopt) == 2);
    CHECK(run.best(store, 6, 2.5) == 6);
    CHECK(run.best(store, 7, 2.75) == 6);
    CHECK(run.folder.checkpoint_steps().empty());
  }

  TEST_CASE_TEMPLATE("checkpoint_store: a run that goes on knows the best before it, if it is of this text",
                     T, float, double) {
    Run<T> run;
    run.saved.config.train.steps = 100;
    auto first = run.store();
    REQUIRE(run.best(first, 1, 2.0) == 1);
    auto second = run.store();
    CHECK(run.best(second, 2, 2.5) == 1);
    CHECK(run.best(second, 3, 1.5) == 3);
    run.saved.record.data_sha256 = std::string(64, 'b');
    auto of_other_text = run.store();
    CHECK(run.best(of_other_text, 4, 9.0) == 4);
    write_bytes(run.folder.best_checkpoint(), "damaged");
    auto after_damage = run.store();
    CHECK(run.best(after_damage, 5, 10.0) == 5);
  }

  TEST_CASE("checkpoint_store: the newest that were due are kept, and one out of turn until the next") {
    Run<float> run;
    run.saved.config.train.steps = 35;
    run.saved.config.keep = 2;
    run.save(10);
    run.save(20);
    run.save(30);
    CHECK(run.folder.checkpoint_steps() == Steps{30, 20});
    run.save(33);  // interrupted there
    CHECK(run.folder.checkpoint_steps() == Steps{33, 30, 20});
    run.save(35);  // the last is due whatever its number
    CHECK(run.folder.checkpoint_steps() == Steps{35, 30});
    // One that goes on from an earlier step leaves those behind it, to write them again.
    run.save(20);
    CHECK(run.folder.checkpoint_steps() == Steps{35, 30, 20});
    run.saved.config.keep = 0;
    run.save(10);
    run.save(30);
    CHECK(run.folder.checkpoint_steps() == Steps{35, 30, 20, 10});
  }

  TEST_CASE("checkpoint_store: with train.checkpoint_every 0 only the last step is due") {
    Run<float> run;
    run.saved.config.train.steps = 35;
    run.saved.config.checkpoint_every = 0;
    run.save(0);
    run.save(10);
    CHECK(run.folder.checkpoint_steps() == Steps{10});
    run.save(35);
    CHECK(run.folder.checkpoint_steps() == Steps{35});
  }

  TEST_CASE("checkpoint_store: an old one that cannot be removed does no harm") {
    Run<float> run;
    run.saved.config.train.steps = 100;
    run.saved.config.keep = 1;
    fs::create_directory(run.folder.checkpoint(10));
    run.save(20);
    CHECK(run.folder.checkpoint_steps() == Steps{20, 10});
  }
}
