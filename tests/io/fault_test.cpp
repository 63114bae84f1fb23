#include <doctest/doctest.h>

#include "io/saved_run.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/run/checkpoint_store.hpp"
#include "microgpt/run/metrics.hpp"
#include "microgpt/run/run_lock.hpp"
#include "support/faulty_calls.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  namespace fs = std::filesystem;

  constexpr FaultKind kKinds[] = {FaultKind::crash_before, FaultKind::crash_after, FaultKind::io_error,
                                  FaultKind::no_space,     FaultKind::interrupted, FaultKind::short_write};

  /// A run that has saved steps 1, 2 and 3 and now saves step 4, which is also its best.
  struct RunAtStep4 {
    TempFolder place = TempFolder::in_memory();
    Saved<float> saved{{0, 1, 1, 1, 5, Activation::relu}};
    RunFolder before{place / "before"};
    RunFolder after{place / "after"};
    RunFolder run{place / "run"};

    RunAtStep4() {
      saved.config.checkpoint_every = 1;
      saved.config.keep = 2;
      RunFolder::create(before.path);
      for (const int step : {1, 2, 3}) save(before, step);
      write_bytes(before.checkpoints() / ".step-00000003.safetensors.tmp.1", "half");
      fs::copy(before.path, after.path, fs::copy_options::recursive);
      save(after, 4);
    }

    void save(const RunFolder& folder, int step) {
      Metrics metrics(folder.metrics(), step - 1);
      CheckpointStore store(folder, saved.config, saved.tokenizer);
      save(metrics, store, step);
    }
    /// What train does at a step that is due.
    void save(Metrics& metrics, CheckpointStore& store, int step) {
      saved.state.step = saved.record.step = step;
      saved.state.parameters.values()[0] = static_cast<float>(step);
      saved.record.held_out_loss = 1.0 / step;
      metrics.step({.step = step, .loss = 1.5, .learning_rate = 0.1, .positions = 7}, false);
      metrics.held_out(step, *saved.record.held_out_loss);
      metrics.sync();
      store.save_if_best(saved.record, saved.state);
      store.save(saved.record, saved.state);
    }

    /// As the folder was before step 4.
    void reset() {
      fs::remove_all(run.path);
      fs::copy(before.path, run.path, fs::copy_options::recursive);
    }

    /// What must hold whatever went wrong. Empty if it does.
    [[nodiscard]] std::string wrong() const {
      int warnings = 0;
      std::string file;
      int step = 0;
      const Failure failure = failure_of([&] {
        const Checkpoint newest = load_newest_checkpoint(run.path, [&](const Error&) { ++warnings; });
        file = newest.path().filename();
        step = newest.training().step;
      });
      if (failure.fault != 0) return failure.message;
      if (warnings > 0) return "a damaged checkpoint";
      if (step != 3 && step != 4) return "another step";
      const RunFolder& same = step == 3 ? before : after;
      if (read_bytes(run.checkpoints() / file) != read_bytes(same.checkpoints() / file)) return "other bytes";
      const std::string best = read_bytes(run.best_checkpoint());
      const bool new_best = best == read_bytes(after.best_checkpoint());
      if (!new_best && best != read_bytes(before.best_checkpoint())) return "the best is neither of both";
      if (step == 4 && !new_best) return "newer than the best before it";
      if (!fs::exists(run.checkpoint(3))) return "the one before is gone";
      const std::string metrics = read_bytes(run.metrics());
      const std::string expected = read_bytes(same.metrics());
      if (!metrics.starts_with(expected)) return "the steps are not in the metrics: " + metrics;
      return "";
    }

    /// Goes on as a resumed run does; then all must be as if nothing had happened.
    [[nodiscard]] std::string wrong_after_going_on() {
      remove_temporary_files(run.checkpoints());
      int step = 0;
      {
        const Checkpoint newest = load_newest_checkpoint(run.path, [](const Error&) {});
        step = newest.training().step;
      }
      Metrics(run.metrics(), step).sync();
      if (!fs::exists(run.checkpoint(4))) save(run, 4);  // also if the best of step 4 was there already
      for (const RunFolder& folder : {after}) {
        for (const auto& path : {folder.metrics(), folder.best_checkpoint(), folder.checkpoint(4)}) {
          if (read_bytes(path) != read_bytes(run.path / path.lexically_relative(folder.path)))
            return path.string();
        }
      }
      for (const std::string& name : names_in(run.checkpoints())) {
        if (name.starts_with('.')) return name;
      }
      return "";
    }
  };

  struct Outcome {
    int calls = 0;
    bool crashed = false;
    int fault = 0;
  };

  Outcome save_with_fault(RunAtStep4& run, int at, FaultKind kind, bool for_good, Left left) {
    run.reset();
    FaultyCalls calls(at, kind, for_good);
    Metrics metrics(run.run.metrics(), 3);
    CheckpointStore store(run.run, run.saved.config, run.saved.tokenizer);
    calls.begin();
    Outcome outcome;
    try {
      const Failure failure = failure_of([&] {
        try {
          run.save(metrics, store, 4);
        } catch (const Crash&) {
        }
      });
      outcome.fault = failure.fault;
    } catch (...) {
      outcome.fault = -2;
    }
    outcome.calls = calls.calls();
    outcome.crashed = calls.crashed();
    calls.leave(left);
    return outcome;
  }

  }  // namespace

  TEST_CASE("fault: whatever call of a save fails, the newest checkpoint is the old or the new one") {
    RunAtStep4 run;
    const int calls = save_with_fault(run, -1, FaultKind::io_error, false, Left::everything).calls;
    REQUIRE(run.wrong() == "");
    REQUIRE(!fs::exists(run.run.checkpoint(2)));  // beyond train.keep
    REQUIRE(calls > 30);
    int crashes = 0, failures = 0, successes = 0;
    for (const FaultKind kind : kKinds) {
      const bool crash = kind == FaultKind::crash_before || kind == FaultKind::crash_after;
      for (const bool for_good : {false, true}) {
        for (const Left left : {Left::everything, Left::synced_data, Left::synced_names}) {
          if (crash && for_good) continue;  // a process dies once
          for (int at = 0; at < calls; ++at) {
            const Outcome outcome = save_with_fault(run, at, kind, for_good, left);
            CAPTURE(static_cast<int>(kind));
            CAPTURE(for_good);
            CAPTURE(static_cast<int>(left));
            CAPTURE(at);
            std::string wrong = run.wrong();
            if (wrong.empty() && outcome.fault != 0 && outcome.fault != 5) wrong = "it is no Error (io)";
            if (wrong.empty() && kind == FaultKind::short_write && outcome.fault != 0)
              wrong = "not written on";
            if (wrong.empty() && kind == FaultKind::interrupted && !for_good && outcome.fault != 0) {
              wrong = "not tried again";
            }
            if (wrong.empty() && outcome.fault == 0 && !outcome.crashed
                && !fs::exists(run.run.checkpoint(4))) {
              wrong = "not saved for good, and nothing said";
            }
            if (wrong.empty()) wrong = run.wrong_after_going_on();
            if (!wrong.empty()) FAIL_CHECK(wrong);
            crashes += outcome.crashed ? 1 : 0;
            failures += outcome.fault == 5 ? 1 : 0;
            successes += outcome.fault == 0 && !outcome.crashed ? 1 : 0;
          }
        }
      }
    }
    CHECK(crashes == 6 * calls);
    CHECK(failures > 3 * calls);
    CHECK(successes > 2 * calls);
  }

  TEST_CASE("fault: whatever call of loading fails, what is loaded is whole") {
    RunAtStep4 run;
    fs::remove(run.after.best_checkpoint());  // its header would be looked at first, to no harm
    const auto load = [&](int& step) {
      return failure_of(
          [&] { step = load_newest_checkpoint(run.after.path, [](const Error&) {}).training().step; });
    };
    int step = 0;
    int calls = 0;
    {
      FaultyCalls counting(-1, FaultKind::io_error, false);
      counting.begin();
      REQUIRE(load(step).fault == 0);
      calls = counting.calls();
    }
    for (const FaultKind kind : {FaultKind::io_error, FaultKind::no_space, FaultKind::interrupted}) {
      for (const bool for_good : {false, true}) {
        for (int at = 0; at + 1 < calls; ++at) {  // the last is close: nothing hangs on it
          FaultyCalls faulty(at, kind, for_good);
          faulty.begin();
          step = 0;
          const Failure failure = load(step);
          CAPTURE(at);
          CAPTURE(failure.message);
          if (kind == FaultKind::interrupted && !for_good) {
            CHECK(step == 4);
          } else if (for_good) {
            CHECK(failure.fault == 4);
            CHECK(failure.is_one_line());
          } else {
            CHECK(step == 3);  // the newest cannot be read, so the one before
          }
        }
      }
    }
  }

  TEST_CASE("fault: a file that is cut while it is read is refused") {
    const Saved<float> saved;
    class Cutting : public SystemCalls {
     public:
      explicit Cutting(int whole) : whole_(whole) { use_system_calls(this); }
      ~Cutting() override { use_system_calls(nullptr); }
      ssize_t read(int fd, void* bytes, std::size_t count) override {
        return whole_-- > 0 ? SystemCalls::read(fd, bytes, count) : 0;
      }

     private:
      int whole_;
    };
    for (const int whole : {0, 1, 2}) {  // the length, the header, the numbers
      const Cutting cutting(whole);
      const Failure failure = failure_of([&] { Checkpoint::load(saved.path); });
      CHECK(failure.fault == 4);
      CHECK(failure.is(Fault::checkpoint, {.where = saved.path.string(), .hint = "shorter"}));
    }
  }

  TEST_CASE("fault: a lock that cannot be had is an Error and keeps nobody out") {
    const TempFolder folder = TempFolder::in_memory();
    int calls = 0;
    {
      FaultyCalls counting(-1, FaultKind::io_error, false);
      counting.begin();
      const RunLock lock(folder.path());
      calls = counting.calls();
    }
    for (const FaultKind kind : {FaultKind::io_error, FaultKind::no_space, FaultKind::interrupted}) {
      for (int at = 0; at < calls; ++at) {
        {
          FaultyCalls faulty(at, kind, true);
          faulty.begin();
          const Failure failure = failure_of([&] { const RunLock lock(folder.path()); });
          CAPTURE(failure.message);
          CHECK((failure.fault == 0 || (failure.fault == 5 && failure.is_one_line())));
        }
        CHECK(failure_of([&] { const RunLock lock(folder.path()); }).fault == 0);
      }
    }
  }
}
