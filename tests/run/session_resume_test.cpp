// Runs that are stopped, and go on: to the same bytes, for one program at a time, and from whatever the folder holds.
#include <doctest/doctest.h>
#include <signal.h>

#include "microgpt/base/sha256.hpp"
#include "microgpt/base/system_calls.hpp"
#include "microgpt/run/session.hpp"
#include "microgpt/train/schedule.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"
#include "support/numbers.hpp"
#include "support/process.hpp"
#include "support/sanitizers.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// Calls happen() while the next lock is being taken, as another process may do something then.
  class AtTheLock : public SystemCalls {
   public:
    explicit AtTheLock(std::function<void()> happen) : happen_(std::move(happen)) { use_system_calls(this); }
    ~AtTheLock() override { use_system_calls(nullptr); }
    int flock(int fd, int operation) override {
      if (const auto happen = std::exchange(happen_, nullptr)) happen();
      return SystemCalls::flock(fd, operation);
    }

   private:
    std::function<void()> happen_;
  };

  }  // namespace

  TEST_CASE("run: stopped after any of its steps a run goes on to the same bytes") {
    for (const bool stream : {false, true}) {
      Stones stones;
      if (stream) stones.config.data.mode = DataMode::stream;
      if (stream) stones.config.precision = Precision::float64;
      stones.train("whole");
      CHECK(stones.content("whole").size() == 6);
      for (int stop = 1; stop < 24; ++stop) {
        CAPTURE(stop);
        fs::remove_all(stones.folder / "run");
        {
          Session session = stones.begin("run", 1 + stop % 3);
          run_to(session, stop);
          CHECK(!session.done());
        }
        Session session = stones.resume("run", 1 + (stop + 1) % 3);
        CHECK(session.resumed_after() == stop);
        CHECK(session.run({}));
        CHECK(session.write_samples());
        { const Session other = std::move(session); }  // its lock goes with it
        CHECK(stones.difference("whole", "run") == "");
      }
    }
  }

  TEST_CASE("run: a record that is thinned out has the same lines and mean however the run was stopped") {
    Stones stones;
    stones.config.record_every = 5;
    stones.train("whole");
    std::vector<int> steps;
    for (const MeasuredLoss& one : read_metrics(stones.folder / "whole/metrics.jsonl").training)
      steps.push_back(one.step);
    CHECK(steps == std::vector<int>{5, 10, 15, 20, 24});
    for (const int stop : {3, 5, 12, 23}) {
      CAPTURE(stop);
      fs::remove_all(stones.folder / "run");
      {
        Session session = stones.begin("run");
        run_to(session, stop);
      }
      Session session = stones.resume("run");
      CHECK(session.run({}));
      CHECK(session.summary().mean_steps == 5);
      CHECK(session.write_samples());
      { const Session other = std::move(session); }
      CHECK(stones.difference("whole", "run") == "");
    }
  }

  TEST_CASE("run: stopped after every single step a run goes on to the same bytes") {
    const Stones stones;
    stones.train("whole");
    {
      Session session = stones.begin("run");
      run_to(session, 1);
    }
    for (int step = 2; step < 24; ++step) {
      Session session = stones.resume("run");
      CHECK(session.summary().mean_steps == static_cast<std::size_t>(step) - 1);  // of the steps before
      run_to(session, step);
    }
    {
      Session session = stones.resume("run");
      CHECK(session.run({}));
      CHECK(session.write_samples());
    }
    CHECK(stones.difference("whole", "run") == "");
    // From a checkpoint into a folder of its own, too.
    Session copy = Session::resume({.from = stones.folder / "whole/checkpoints/step-00000021.safetensors",
                                    .out = stones.folder / "copy"});
    CHECK(copy.run({}));
    CHECK(copy.write_samples());
    CHECK(read_bytes(stones.folder / "copy/samples.txt") == read_bytes(stones.folder / "whole/samples.txt"));
    const std::string last = "checkpoints/step-00000024.safetensors";
    CHECK(read_bytes(stones.folder / "copy" / last) == read_bytes(stones.folder / "whole" / last));
  }

  TEST_CASE("run: a text that is in no file is kept with the run, and found again") {
    Stones stones;
    const std::string text = read_bytes(stones.config.data.path);
    stones.train("file");
    stones.config.data.path = "standard input";
    {
      Session session = Session::begin(
          stones.config,
          {.make_folder = [&] { return RunFolder::create(stones.folder / "kept"); }, .text = text});
      run_to(session, 10);
    }
    CHECK(read_bytes(stones.folder / "kept/text.txt") == text);
    Session session = stones.resume("kept");
    CHECK(session.run({}));
    CHECK(session.write_samples());
    CHECK(read_bytes(stones.folder / "kept/samples.txt") == read_bytes(stones.folder / "file/samples.txt"));
    CHECK(stones.metrics("kept") == stones.metrics("file"));
  }

  // Two resumes at once: the folder is judged by whoever has locked it.
  TEST_CASE("run: what a folder holds is judged after it is locked") {
    const Stones stones;
    stones.train("whole");
    const auto killed_at_once = [&](const std::string& run) {
      fs::create_directories(stones.folder / run / "checkpoints");
      fs::copy_file(stones.folder / "whole/config.json", stones.folder / run / "config.json");
    };
    // While a resume waits for the lock of a run that has not begun, another one finishes that run.
    killed_at_once("run");
    {
      const AtTheLock other([&] {
        Session session = stones.resume("run");
        CHECK(session.run({}));
        CHECK(session.write_samples());
      });
      const Failure failure = failure_of([&] { (void)stones.resume("run"); });
      CAPTURE(failure.message);
      CHECK(failure.fault == 2);  // there is nothing left to do
    }
    CHECK(stones.difference("whole", "run") == "");
    // The same with a second start in one folder.
    {
      const AtTheLock other([&] { stones.train("twice"); });
      const Failure failure = failure_of([&] { (void)stones.begin("twice"); });
      CAPTURE(failure.message);
      CHECK(failure.fault == 5);
    }
    CHECK(stones.difference("whole", "twice") == "");
    // Where another holds the lock, nothing is looked at and nothing is touched.
    killed_at_once("locked");
    {
      const RunLock lock(stones.folder / "locked");
      for (const char* run : {"locked", "locked"}) {
        const Failure failure = failure_of([&] { (void)stones.resume(run); });
        CHECK(failure.fault == 5);
        CHECK(failure.names("process"));
      }
    }
    CHECK(stones.content("locked").size() == 1);
    Session session = stones.resume("locked");
    CHECK(!session.resumed_after());
    CHECK(session.run({}));
    CHECK(session.write_samples());
    CHECK(stones.difference("whole", "locked") == "+.lock ");
  }

#ifdef MICROGPT_PROGRAM
  TEST_CASE("run: of two programs that resume one run the second is refused, however early it comes") {
    Stones stones;
    // So long a text that the first is still reading it when it is stopped.
    std::string text;
    for (int i = 0; i < 400'000; ++i) text += "opal\nagate\njade\n";
    write_bytes(stones.folder / "stones.txt", text);
    stones.config.data.held_out = 0;
    stones.train("whole");
    fs::create_directories(stones.folder / "run/checkpoints");
    fs::copy_file(stones.folder / "whole/config.json", stones.folder / "run/config.json");
    const std::vector<std::string> resume = {microgpt_program(), "train", "--resume",
                                             (stones.folder / "run").string(), "--quiet"};
    Process first(resume);
    // Stopped once its name stands in the lock: the file is there a moment earlier, and empty.
    const fs::path lock = stones.folder / "run/.lock";
    REQUIRE(first.wait_until([&] { return fs::exists(lock) && fs::file_size(lock) > 0; }));
    first.send(SIGSTOP);
    CHECK(fs::is_empty(stones.folder / "run/checkpoints"));  // it has not gone further
    const auto second = Process(resume).finish();
    CHECK(second.exit_code == 5);
    CHECK(second.err.find("process " + std::to_string(first.pid())) != std::string::npos);
    first.send(SIGCONT);
    CHECK(first.finish().exit_code == 0);
    CHECK(stones.difference("whole", "run") == "");
  }

  // 50 MB of '[' in metrics.jsonl.
  TEST_CASE("run: what is no line of metrics.jsonl costs neither memory nor time") {
#if defined(MICROGPT_SANITIZED) || defined(__APPLE__)
    MESSAGE("left out: memory cannot be limited here");
    return;
#endif
    const Stones stones;
    stones.train("whole");
    std::string brackets(900, '[');
    std::string lines;
    while (lines.size() < 10'000'000) lines += brackets + '\n';
    for (const std::string& junk :
         {std::string(50'000'000, '['), std::string(50'000'000, '[') + '\n', lines}) {
      fs::remove_all(stones.folder / "run");
      {
        Session session = stones.begin("run");
        run_to(session, 10);
      }
      write_bytes(stones.folder / "run/metrics.jsonl", stones.metrics("run") + junk);
      const auto result =
          Process({microgpt_program(), "train", "--resume", (stones.folder / "run").string(), "--quiet"},
                  {.seconds = 60, .memory = 100'000'000})
              .finish();
      CAPTURE(result.err);
      CHECK(result.exit_code == 0);
      CHECK(!result.timed_out);
      CHECK(stones.difference("whole", "run") == "");
    }
  }

  TEST_CASE(
      "run: a best checkpoint that is gone is said to be missing, and the texts are shown all the same") {
    Stones stones;
    stones.config.train.steps = 400;
    stones.config.train.learning_rate = 0.03;
    stones.config.eval_every = 4;
    stones.config.patience = 2;
    stones.train("run");
    const std::string texts = read_bytes(stones.folder / "run/samples.txt");
    const auto resumed = [&] {
      fs::remove(stones.folder / "run/samples.txt");
      return Process({microgpt_program(), "train", "--resume", (stones.folder / "run").string()}).finish();
    };
    const auto whole = resumed();
    CHECK(whole.exit_code == 0);
    CHECK(whole.out.find(texts) != std::string::npos);
    CHECK(whole.out.find("best.safetensors") != std::string::npos);
    CHECK(whole.out.find("missing") == std::string::npos);
    fs::remove(stones.folder / "run/checkpoints/best.safetensors");
    const auto missing = resumed();
    CHECK(missing.exit_code == 0);
    CHECK(missing.out.find("missing") != std::string::npos);
    // The last weights write others.
    const std::string others = read_bytes(stones.folder / "run/samples.txt");
    CHECK(missing.out.find(others) != std::string::npos);
    CHECK(others != texts);
  }
#endif

  // Early stopping when the text has changed: losses on the text before say nothing of those on this one.
  TEST_CASE("run: on another text early stopping counts anew, with and without a stop in between") {
    Stones stones;
    stones.config.train.steps = 400;
    stones.config.train.batch_size = 4;
    stones.config.eval_every = 2;
    stones.config.checkpoint_every = 1;
    stones.config.keep = 0;
    stones.config.patience = 8;
    {
      Session session = stones.begin("a");
      run_to(session, 20);
    }
    // Characters that the model knows, in an order it has never seen: worse at first than anything before.
    std::string other;
    Noise noise(19);
    for (int i = 0; i < 60; ++i) {
      for (int length = noise.whole(4, 8); length > 0; --length)
        other += "abdegijlmnoprstuz"[static_cast<std::size_t>(noise.whole(0, 16))];
      other += '\n';
    }
    write_bytes(stones.folder / "other.txt", other);
    const auto resume = [&](const std::string& run) {
      return Session::resume({.from = stones.folder / run,
                              .data = (stones.folder / "other.txt").string(),
                              .text_may_differ = true});
    };
    fs::copy(stones.folder / "a", stones.folder / "b", fs::copy_options::recursive);
    CHECK(failure_of([&] {
            (void)Session::resume(
                {.from = stones.folder / "a", .data = (stones.folder / "other.txt").string()});
          }).fault
          == 3);
    Session whole = resume("a");
    CHECK(!whole.summary().best);
    CHECK(!whole.done());
    CHECK(whole.run({}));
    const RunSummary expected = whole.summary();
    CHECK(whole.step() > 20 + 2 * 8);
    for (const int stop : {21, 24, 30, 36}) {
      Session session = stop == 21 ? resume("b") : Session::resume({.from = stones.folder / "b"});
      CHECK(!session.done());
      run_to(session, stop);
    }
    Session last = stones.resume("b");
    CHECK(last.run({}));
    CHECK(last.step() == whole.step());
    CHECK(last.summary().stopped_early == expected.stopped_early);
    CHECK(last.summary().best == expected.best);
    CHECK(stones.metrics("a") == stones.metrics("b"));
    CHECK(values_of(last) == values_of(whole));
  }

  // What a run that has ended says of itself.
  TEST_CASE("run: a run that is resumed only for its texts reports what it recorded") {
    for (const bool early : {true, false}) {
      Stones stones;
      stones.config.train.steps = early ? 400 : 30;
      stones.config.train.learning_rate = 0.03;
      stones.config.eval_every = 4;
      stones.config.patience = early ? 2 : 0;
      RunSummary expected;
      {
        Session session = stones.begin("run");
        CHECK(session.run({}));
        expected = session.summary();
      }
      CHECK(expected.stopped_early == early);
      CHECK(expected.mean_loss > 0);
      Session session = stones.resume("run");
      CHECK(session.done());
      CHECK(session.tally().steps() == 0);
      const RunSummary summary = session.summary();
      CHECK(summary.step == expected.step);
      CHECK(summary.stopped_early == early);
      CHECK(summary.mean_loss == doctest::Approx(expected.mean_loss).epsilon(1e-12));
      CHECK(summary.mean_steps == expected.mean_steps);
      CHECK(summary.held_out_loss == expected.held_out_loss);
      CHECK(summary.best == expected.best);
      CHECK(session.write_samples());
    }
  }
}
