// A run as an object: the same bytes with and without a folder, threads and stops; and what is recorded, kept and said
// when it ends in other ways.
#include "microgpt/run/session.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <cmath>
#include <map>
#include <optional>

#include "microgpt/base/sha256.hpp"
#include "microgpt/base/system_calls.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/train/trainer.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/numbers.hpp"
#include "support/process.hpp"
#include "support/sanitizers.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("run") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  namespace fs = std::filesystem;

  /// A text of a few stones, a small config that does everything a run can do, and folders for its runs.
  struct Stones {
    TempFolder folder = TempFolder::in_memory();
    RunConfig config;

    Stones() {
      fs::copy_file(repository_file("tests/golden/small.txt"), folder / "stones.txt");
      config.data = {.path = (folder / "stones.txt").string(), .held_out = 0.2};
      config.model = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 8};
      config.train.steps = 24;
      config.train.batch_size = 6;
      config.train.grad_clip = 1;
      config.eval_every = 5;
      config.checkpoint_every = 7;
      config.keep = 2;
      config.sample.count = 6;
    }

    [[nodiscard]] Session begin(const std::string& out = "", int threads = 1) const {
      Session::Start start{.threads = threads};
      if (!out.empty()) start.make_folder = [path = folder / out] { return RunFolder::create(path); };
      return Session::begin(config, start);
    }
    [[nodiscard]] Session resume(const std::string& run, int threads = 1) const {
      return Session::resume({.from = folder / run, .threads = threads});
    }
    /// A run from its first step to its texts.
    void train(const std::string& out) const {
      Session session = begin(out);
      REQUIRE(session.run({}));
      REQUIRE(session.write_samples());
    }
    [[nodiscard]] std::string metrics(const std::string& run) const {
      return read_bytes(folder / run / "metrics.jsonl");
    }

    /// Every file of a run and what is in it.
    [[nodiscard]] std::map<std::string, std::string> content(const std::string& run) const {
      std::map<std::string, std::string> all;
      for (const auto& entry : fs::recursive_directory_iterator(folder / run)) {
        if (entry.is_regular_file())
          all[entry.path().lexically_relative(folder / run).string()] = read_bytes(entry.path());
      }
      return all;
    }
    /// Names of the files in which two runs differ, or which only one has.
    [[nodiscard]] std::string difference(const std::string& a, const std::string& b) const {
      const auto one = content(a), other = content(b);
      std::string names;
      for (const auto& [name, bytes] : one) {
        if (!other.contains(name) || other.at(name) != bytes) names += name + ' ';
      }
      for (const auto& [name, bytes] : other) {
        if (!one.contains(name)) names += '+' + name + ' ';
      }
      return names;
    }
  };

  std::vector<double> values_of(const Session& session) {
    const Parameters<double> parameters = session.parameters();
    return {parameters.values().begin(), parameters.values().end()};
  }

  /// Steps until the run stands after `step`.
  void run_to(Session& session, int step) {
    CHECK_FALSE(session.run({}, [&](int done) { return done == step; }));
    CHECK(session.step() == step);
  }

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

  TEST_CASE("run: the held-out losses stop a run early, and it is over for good") {
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
      Session session = stones.resume(name + "-stopped");
      CHECK(session.run({}));
      CHECK(session.summary().stopped_early);
      CHECK(session.step() == static_cast<int>(4 * end));
      CHECK(stones.metrics(name) == stones.metrics(name + "-stopped"));
    }
  }

  TEST_CASE("run: a run by the clock ends when its time is over, and goes on with what was left") {
    Stones stones;
    stones.config.time_budget = 0.3;
    stones.config.train.steps = 1000;  // what the schedule begins with
    CHECK(!Stones().begin().seconds_left());
    std::vector<double> rates;
    {
      Session session = stones.begin("run");
      CHECK(session.seconds_left().value() <= 0.3);
      CHECK_FALSE(session.run([&](const StepDone& done) { rates.push_back(done.step.learning_rate); },
                              [&](int) { return session.seconds_left().value() < 0.15; }));
    }
    const auto left = load_newest_checkpoint(stones.folder / "run", {});
    const double share = static_cast<double>(left.training().step) / left.config().train.steps;
    CHECK(share > 0.2);
    CHECK(share < 0.99);
    Session session = stones.resume("run");
    CHECK(session.seconds_left().value() == doctest::Approx(0.3 * (1 - share)).epsilon(0.05));
    CHECK(session.run([&](const StepDone& done) { rates.push_back(done.step.learning_rate); }));
    CHECK(session.done());
    CHECK(session.seconds_left().value() == 0);
    CHECK(static_cast<int>(rates.size()) == session.step());
    // The schedule went down from its peak to nearly nothing, however many steps there were.
    CHECK(rates.front() == stones.config.train.learning_rate);
    CHECK(rates.back() < 0.2 * rates.front());
    CHECK(rates.back() >= 0);
    CHECK(fs::exists(session.folder()->checkpoint(session.step())));
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

  TEST_CASE("run: of much held-out text a sample is measured, and every figure says so") {
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
    CHECK(missing.out.find(texts) != std::string::npos);
    CHECK(missing.out.find("missing") != std::string::npos);
    CHECK(read_bytes(stones.folder / "run/samples.txt") == texts);
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
