// A run that learns its text by heart: it says so, and its best weights are what a run folder means.
#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  /// A run of 400 steps whose held-out loss soon rises.
  struct LearntByHeart {
    SmallRun small;
    std::filesystem::path best = small.out / "checkpoints/best.safetensors";

    [[nodiscard]] std::vector<std::string> train(const std::vector<std::string>& more) const {
      auto arguments = small.train({"--steps", "400", "--set", "train.eval_every=8", "--set",
                                    "train.learning_rate=0.03", "--set", "model.n_embd=16"});
      arguments.insert(arguments.end(), more.begin(), more.end());
      return arguments;
    }
    [[nodiscard]] int best_step() const { return microgpt::Checkpoint::stated_step(best); }
  };

  }  // namespace

  TEST_CASE("best weights: every command takes them, and --last the last ones") {
    const LearntByHeart run;
    REQUIRE(run_microgpt(run.train({"--quiet"})).exit_code == 0);
    REQUIRE(run.best_step() < 400);
    const std::string out = run.small.out.string();
    const std::string last = run.small.checkpoint("00000400").string();
    const std::vector<std::vector<std::string>> commands = {
        {"sample", "-n", "5", "--model"},
        {"eval", "--json", "--model"},
        {"score", "agate", "--json", "--model"},
        {"study", "lens", "--text", "agate", "--json", "--model"},
        {"explain", "softmax", "--json", "--text", "agate", "--model"}};
    const auto output = [](std::vector<std::string> command, const std::vector<std::string>& more) {
      command.insert(command.end(), more.begin(), more.end());
      const auto result = run_microgpt(command);
      CAPTURE(command[0]);
      CHECK(result.err == "");  // in a pipe nothing is said
      CHECK(result.exit_code == 0);
      // Pages may name the path they were given.
      std::string text = result.out;
      for (auto at = text.find(more[0]); at != std::string::npos; at = text.find(more[0]))
        text.replace(at, more[0].size(), "MODEL");
      return text;
    };
    for (const auto& command : commands) {
      CAPTURE(command[0]);
      const std::string meant = output(command, {out});
      CHECK(meant == output(command, {run.best.string()}));
      CHECK(meant != output(command, {last}));
      CHECK(output(command, {out, "--last"}) == output(command, {last}));
    }
    const PageJson info(run_microgpt({"info", out, "--json"}).out);
    CHECK(info.fact("file").text() == run.best.string());
    CHECK(info.fact("weights").text().find("step 400") != std::string::npos);
    CHECK(info.fact("step").number() == run.best_step());
    const PageJson of_last(run_microgpt({"info", out, "--last", "--json"}).out);
    CHECK(of_last.fact("file").text() == last);
    CHECK(of_last.fact("step").number() == 400);
    const PageJson diff(run_microgpt({"study", "diff", run.best.string(), out, "--json"}).out);
    CHECK(diff.fact("equal").text() == "yes");

    // On a terminal one line says which.
    const ProcessOptions terminal = {.terminal = true, .errors_to_terminal = true};
    const auto shown = run_microgpt({"sample", "-n", "1", out}, terminal);
    const std::string line = "using the best weights by held-out loss, of step "
                             + std::to_string(run.best_step()) + " of 400 (--last takes the last)";
    CHECK_MESSAGE(shown.out.find(line) != std::string::npos, shown.out);
    const auto quiet = run_microgpt({"sample", "-n", "1", out, "--last"}, terminal);
    CHECK(quiet.out.find("using the") == std::string::npos);
  }

  TEST_CASE(
      "best weights: a run that memorises says so once on its way and at its end, with whose the samples "
      "are") {
    const LearntByHeart run;
    const auto words = run_microgpt(run.train({}));
    REQUIRE(words.exit_code == 0);
    const std::string step = std::to_string(run.best_step());
    CAPTURE(words.out);
    CHECK_MESSAGE(
        words.err.starts_with("warning: the model has memorised its text: the held-out loss ended at "),
        words.err);
    CHECK(words.err.find(" at step " + step) != std::string::npos);
    CHECK(lines_of(words.err).size() == 1);
    int told = 0;
    int held_out = 0;
    for (const std::string& line : lines_of(words.out)) {
      told += line.find("begins to memorise") != std::string::npos ? 1 : 0;
      held_out += line.starts_with("step ") && line.find("held-out ") != std::string::npos ? 1 : 0;
    }
    CHECK(told == 1);
    CHECK(held_out > 0);
    CHECK(words.out.find("samples of the best weights, of step " + step + " of 400\n") != std::string::npos);

    std::filesystem::remove_all(run.small.out);
    const auto json = run_microgpt(run.train({"--json"}));
    const Json document = Json::parse(json.out);
    CHECK(document["memorised"].dump() == "true");
    CHECK(document["samples_step"].dump() == step);
    CHECK(document["step"].number() == 400);
    CHECK(json.err == words.err);

    // Taken up again without its best, it writes and shows the samples of the last, and says what is missing.
    std::filesystem::remove(run.best);
    std::filesystem::remove(run.small.out / "samples.txt");
    const auto resumed = run_microgpt({"train", "--resume", run.small.out.string()});
    CHECK(resumed.exit_code == 0);
    CHECK(resumed.out.find("is missing: ") != std::string::npos);
    CHECK(resumed.out.find("samples of the last weights, as the file of the best is missing")
          != std::string::npos);
    CHECK(resumed.out.find("trained before, 400 steps; now only sampled; loss ") != std::string::npos);
  }

  TEST_CASE("train: a held-out loss is told once, on the line after it was measured") {
    const SmallRun small;
    const auto result = run_microgpt(small.train({"--steps", "40", "--set", "train.eval_every=20"}));
    REQUIRE(result.exit_code == 0);
    std::vector<std::string> with_loss;
    for (const std::string& line : lines_of(result.out)) {
      if (line.starts_with("step ") && line.find("held-out ") != std::string::npos) with_loss.push_back(line);
    }
    REQUIRE(with_loss.size() == 2);
    CHECK(with_loss[0].starts_with("step 20/40 "));
    CHECK(with_loss[1].starts_with("step 40/40 "));
  }

  TEST_CASE("train: how many samples are new cannot be read as its opposite") {
    const auto sentence = [](const std::string& text, const std::string& count) {
      const SmallRun small;
      write_bytes(small.text, text);
      const auto result = run_microgpt(
          small.train({"--set", "data.held_out=0", "--set", "sample.count=" + count, "--set",
                       "train.learning_rate=0.05", "--set", "sample.temperature=0", "--steps", "60"}));
      REQUIRE(result.exit_code == 0);
      for (const std::string& line : lines_of(result.out)) {
        if (line.find("training text.") != std::string::npos) return line;
      }
      return std::string();
    };
    CHECK(sentence("aa\naa\n", "4") == "None of these 4 is new: all of them occur in the training text.");
    CHECK(sentence("aa\naa\n", "1") == "It is not new: it occurs in the training text.");
  }

  TEST_CASE("terminal: a finished run shows its losses as curves, and none in a pipe") {
    const SmallRun small;
    const auto shown =
        run_microgpt(small.train({"--steps", "60"}),
                     {.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}}, .terminal = true});
    CHECK(shown.exit_code == 0);
    for (const char* name : {"training", "held out"}) {
      bool curve = false;
      for (const std::string& line : lines_of(shown.out))
        curve |= line.find(name) != std::string::npos && line.find("\xe2\x96\x88") != std::string::npos;
      CHECK_MESSAGE(curve, name);
    }
    std::filesystem::remove_all(small.out);
    CHECK(run_microgpt(small.train({"--steps", "60"})).out.find("\xe2\x96") == std::string::npos);
  }
}
