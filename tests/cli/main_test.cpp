#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "microgpt/nn/fast/forms.hpp"
#include "microgpt/view/view.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  namespace {

  /// The names under a heading of a help page, up to the next empty line.
  std::vector<std::string> names_under(const std::string& help, const std::string& heading) {
    std::vector<std::string> names;
    bool inside = false;
    for (const std::string& line : lines_of(help)) {
      if (line.empty()) inside = false;
      if (inside && line.starts_with("  ") && line[2] != ' ')
        names.push_back(line.substr(2, line.find(' ', 2) - 2));
      if (line == heading) inside = true;
    }
    return names;
  }

  /// Every command line that has a help page: the program, its commands and the views of study.
  std::vector<std::vector<std::string>> everything_with_help() {
    std::vector<std::vector<std::string>> all = {{}};
    for (const char* command :
         {"train", "sample", "eval", "score", "info", "study", "explain", "reference", "bench"}) {
      all.push_back({command});
    }
    for (const std::string& view : names_under(run_microgpt({"study", "--help"}).out, "Views:")) {
      all.push_back({"study", view});
    }
    for (const std::string& topic : names_under(run_microgpt({"explain", "--help"}).out, "Topics:")) {
      all.push_back({"explain", topic});
    }
    return all;
  }

  }  // namespace

  TEST_CASE("main: every command's --help ends well, fits 80 columns and shows an example") {
    const auto all = everything_with_help();
    CHECK(all.size() == 10 + microgpt::view::study_views().size() + microgpt::view::explain_topics().size());
    for (auto command : all) {
      command.emplace_back("--help");
      CAPTURE(command[0]);
      const auto result = run_microgpt(command);
      CHECK(result.exit_code == 0);
      CHECK(result.err == "");
      CHECK(result.out.find("Example:\n  microgpt ") != std::string::npos);
      CHECK(result.out.find('\x1b') == std::string::npos);
      for (const std::string& line : lines_of(result.out)) {
        if (!line.starts_with("  microgpt ")) CHECK_MESSAGE(line.size() <= 80, line);
      }
    }
  }

  TEST_CASE("main: the program's --help lists every command") {
    const std::string help = run_microgpt({"--help"}).out;
    std::vector<std::string> names;
    for (const char* heading : {"Train a model and write with it:", "Judge it:", "Look inside:",
                                "microgpt.py itself, and speed:"}) {
      for (const std::string& name : names_under(help, heading)) names.push_back(name);
    }
    CHECK(names
          == std::vector<std::string>{"train", "sample", "info", "eval", "score", "explain", "study", "lab",
                                      "report", "reference", "bench"});
  }

  TEST_CASE("main: every example of every --help runs") {
    const SmallRun small;
    namespace fs = std::filesystem;
    // A folder like the project's, in which everything is small, with a run that was stopped.
    fs::create_directories(small.folder / "configs");
    fs::create_directories(small.folder / "data");
    std::string names;
    for (const char* name :
         {"emma", "anna", "enna", "maria", "nora", "xaver", "quirin", "zita", "benno", "greta"}) {
      names += std::string(name) + "\n";
    }
    write_bytes(small.folder / "data/names.txt", names);
    write_bytes(small.folder / "my_lines.txt", names);
    write_bytes(small.folder / "my.txt", names);
    write_bytes(small.folder / "more.txt", names);
    write_bytes(small.folder / "configs/names.json", R"({
  "data": {"path": "../data/names.txt", "held_out": 0.3},
  "model": {"n_layer": 2, "n_embd": 12, "n_head": 4, "block_size": 16},
  "train": {"steps": 24, "batch_size": 4, "eval_every": 10, "checkpoint_every": 10},
  "sample": {"count": 4}
})");
    const ProcessOptions here = {.folder = small.folder.path()};
    REQUIRE(run_microgpt({"train", "--config", "configs/names.json", "--stop-after", "20", "--quiet"}, here)
                .exit_code
            == 130);
    int ran = 0;
    for (auto command : everything_with_help()) {
      command.emplace_back("--help");
      for (const std::string& line : lines_of(run_microgpt(command).out)) {
        if (!line.starts_with("  microgpt ")) continue;
        CAPTURE(line);
        std::string rest = line.substr(10);
        // What would train for a time trains for less.
        if (rest.starts_with(" train m") && rest.find("--") == rest.find("--from")) rest += " --steps 20";
        if (const auto at = rest.find("--time 2m"); at != std::string::npos) rest.replace(at, 9, "--time 1s");
        const auto result = Process({"/bin/sh", "-c", "\"$0\"" + rest, MICROGPT_PROGRAM}, here).finish();
        CAPTURE(result.err);
        CHECK(result.exit_code == 0);
        CHECK(!result.out.empty());
        ++ran;
      }
    }
    CHECK(ran >= 40);
  }

  TEST_CASE("main: --version is the project's") {
    const auto result = run_microgpt({"--version"});
    CHECK(result.exit_code == 0);
    CHECK(result.out.starts_with("microgpt " MICROGPT_PROJECT_VERSION "\nkernels: "));
    CHECK(result.err == "");
  }

  TEST_CASE("main: MICROGPT_CPU names the form of the kernels, and what the processor lacks is refused") {
    for (const microgpt::fast::Form* form : microgpt::fast::forms()) {
      const std::string name = form->name;
      CAPTURE(name);
      const auto result = run_microgpt({"--version"}, {.environment = {{"MICROGPT_CPU", name}}});
      CHECK(result.out.find("\nkernels: " + name + " (") != std::string::npos);
    }
    for (const char* const bad : {"v5", "V3", " ", "baseline,v3"}) {
      CAPTURE(bad);
      const auto result = run_microgpt({"--version"}, {.environment = {{"MICROGPT_CPU", bad}}});
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(microgpt::fast::forms().back()->name) != std::string::npos);
    }
  }

  TEST_CASE("main: wrong usage is one line and exit code 2") {
    const SmallRun small;
    const std::string config = small.config.string();
    struct Case {
      std::vector<std::string> arguments;
      std::string named;  // part of the message
    };
    const Case cases[] = {
        {{}, "command"},
        {{"tarin"}, ""},
        {{"--bogus"}, ""},
        {{"train"}, "--config or --resume"},
        {{"train", "--config"}, "--config"},
        {{"train", "--config", config, "--bogus"}, "--bogus"},
        {{"train", "--config", config, "--encoding", "klingon", "small.txt"}, "klingon"},
        {{"train", "--config", config, "--resume", "x"}, "--resume"},
        {{"train", "--config", config, "--steps", "1e3"}, "1e3"},
        {{"train", "--config", config, "--steps", "5x"}, "5x"},
        {{"train", "--config", config, "--steps", "99999999999999999999"}, "--steps"},
        {{"train", "--config", config, "--seed", "-1"}, "-1"},
        {{"train", "--config", config, "--seed", "18446744073709551616"}, "18446744073709551616"},
        {{"train", "--config", config, "--seed", "1.5"}, "1.5"},
        {{"train", "--config", config, "--threads", "0"}, "--threads"},
        {{"train", "--config", config, "--threads", "-1"}, "--threads"},
        {{"train", "--config", config, "--threads", "10000"}, "--threads"},
        {{"train", "--config", config, "--set"}, "--set"},
        {{"train", "--config", config, "--set", "train.steps"}, "key=value"},
        {{"train", "--config", config, "--set", "=5"}, "key=value"},
        {{"train", "--config", config, "--set", "why=\xff"}, "UTF-8"},
        {{"train", "--resume", small.folder.path().string(), "--seed", "5"}, "--resume"},
        {{"train", "--resume", small.folder.path().string(), "--set", "train.steps=5"}, "--resume"},
        {{"sample"}, "--model"},
        {{"sample", "--model", "x", "-n", "-1"}, "-n: -1"},
        {{"sample", "--model", "x", "-n", "1", "-n", "2"}, "-n"},
        {{"sample", "--model", "x", "--temperature", "-1"}, "--temperature"},
        {{"sample", "--model", "x", "--temperature", "1e400"}, "--temperature"},
        {{"sample", "--model", "x", "--max-length", "0"}, "--max-length"},
        {{"sample", "--model", "x", "--seed", "18446744073709551616"}, "18446744073709551616"},
        {{"train", "--config", config, "--stop-after", "0"}, "--stop-after"},
        {{"train", "--config", config, "--data-changed-ok"}, "--resume"},
        {{"info"}, "--model"},
        {{"info", "x", "y"}, "y"},
        {{"reference"}, "--data"},
        {{"reference", "--data", small.text.string(), "--revision", "newest"}, "--revision"},
        {{"reference", "--data", small.text.string(), "--seed", "x"}, "--seed"},
        {{"reference", "--data", small.text.string(), "--seed", "-"}, "--seed"},
        {{"reference", "--data", small.text.string(), "--n-head", "0"}, "n-head"},
        {{"reference", "--data", small.text.string(), "--n-embd", "0"}, "n-embd"},
        {{"reference", "--data", small.text.string(), "--block-size", "0"}, "block-size"},
        {{"reference", "--data", small.text.string(), "--n-layer", "-1"}, "n-layer"},
    };
    for (const Case& each : cases) {
      std::string arguments;
      for (const auto& argument : each.arguments) arguments += argument + ' ';
      CAPTURE(arguments);
      const auto result = run_microgpt(each.arguments, {.folder = small.folder.path()});
      CAPTURE(result.err);
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(each.named) != std::string::npos);
    }
    CHECK(names_in(small.folder.path()).size() == 2);  // the text, the config, and no run
  }

  TEST_CASE("main: a full disk under standard output is exit code 5") {
    if (!std::filesystem::exists("/dev/full")) {
      MESSAGE("left out: this system has no /dev/full");
      return;
    }
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    auto again = small.train();
    again[4] += "-2";
    const std::vector<std::string> commands[] = {
        {"--help"},
        {"--version"},
        {"train", "--help"},
        again,
        small.sample(),
        small.sample({"--json"}),
        {"info", small.out.string()},
        {"info", small.out.string(), "--json"},
        {"reference", "--data", small.text.string(), "--num-steps", "1", "--samples", "1"}};
    for (const auto& arguments : commands) {
      CAPTURE(arguments[0]);
      const auto result = run_microgpt(arguments, {.stdout_to = "/dev/full"});
      CHECK(result.exit_code == 5);
      CHECK(result.err == "error: cannot write standard output\n");
    }
  }

  TEST_CASE("main: what a file says never reaches the terminal raw") {
    const TempFolder folder;
    write_bytes(folder / "bad\x1b[31m.json", "{\"\\u001b[31m\": 1}");
    const auto result = run_microgpt({"train", "--config", (folder / "bad\x1b[31m.json").string()});
    CHECK(result.exit_code == 3);
    CHECK(refused_in_one_line(result));
    CHECK(result.err.find('\x1b') == std::string::npos);
    CHECK(result.err.find("\\x1b[31m") != std::string::npos);
  }

  TEST_CASE("main: an empty name of a file is refused, not taken as none") {
    const std::vector<std::vector<std::string>> commands = {
        {"train", "--config", ""},
        {"train", "--config", "x.json", "--data", ""},
        {"train", "--resume", ""},
        {"train", "--config", "x.json", "--out", ""},
        {"eval", "--model", "x", "--data", ""},
        {"sample", "--model", "x", "--data", ""},
        {"reference", "--data", "x", "--losses", ""},
        {"study", "heads", "--model", "x", "--data", ""},
        {"study", "trace", "--model", "x", "--text", "a", "--out", ""},
        {"study", "lens", "--model", "x", "--text", "a", "--csv", ""}};
    for (const auto& command : commands) {
      const auto result = run_microgpt(command);
      CHECK(result.exit_code == 2);
      CHECK_MESSAGE(result.err.find("the name of a file or folder must not be empty") != std::string::npos,
                    result.err);
    }
  }
}
