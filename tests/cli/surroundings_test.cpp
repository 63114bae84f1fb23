// What lies around the program: closed streams, full disks, folders that cannot be written or are gone, and
// an odd environment.
#include <doctest/doctest.h>

#include <set>

#include "cli/small_run.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;
  namespace fs = std::filesystem;

  namespace {

  /// Runs a line of the shell in which "$0" is the program.
  ProcessResult shell(const std::string& line, const ProcessOptions& options = {}) {
    return Process({"/bin/sh", "-c", line, MICROGPT_PROGRAM}, options).finish();
  }

  /// A run folder that was begun may be there, but nothing half written is.
  void check_no_half_file(const fs::path& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      CAPTURE(name);
      CHECK(name.find(".tmp") == std::string::npos);
      if (entry.path().extension() == ".safetensors") {
        CHECK(run_microgpt({"info", entry.path().string()}).exit_code == 0);
      }
    }
  }

  }  // namespace

  TEST_CASE("surroundings: a closed standard output is exit code 5 and never another file") {
    const SmallRun small;
    const ProcessOptions here = {.folder = small.folder.path()};
    REQUIRE(shell("\"$0\" train --config small.json --out good --quiet", here).exit_code == 0);
    int number = 0;
    for (const std::string command :
         {"--help", "--version", "train --config small.json --out run", "train --keys", "sample --model good",
          "sample --model good --json", "sample --model good --stream", "eval --model good",
          "score --model good opal", "info good", "info good --json", "bench --list",
          "reference --data stones.txt --num-steps 1 --samples 1"}) {
      std::string line = command;
      if (command.starts_with("train --config")) line += std::to_string(++number);
      CAPTURE(line);
      const auto result = shell("exec \"$0\" " + line + " >&-", here);
      CHECK(result.exit_code == 5);
      CHECK(result.err == "error: cannot write standard output\n");
    }
    CHECK(fs::exists(small.folder / "run1"));
    check_no_half_file(small.folder.path());
    // Training itself is the same, whoever listens.
    CHECK(read_bytes(small.folder / "run1/samples.txt") == read_bytes(small.folder / "good/samples.txt"));

    CHECK(shell("exec \"$0\" info good 2>&- <&-", here).exit_code == 0);
    CHECK(shell("exec \"$0\" tarin 2>&- >&- <&-", here).exit_code == 2);
    const auto quiet = shell("exec \"$0\" train --config small.json --out quiet --quiet >&- 2>&- <&-", here);
    CHECK(quiet.exit_code == 0);
    check_no_half_file(small.folder.path());
    CHECK(read_bytes(small.folder / "quiet/samples.txt") == read_bytes(small.folder / "good/samples.txt"));
  }

  TEST_CASE("surroundings: a reader that goes away ends the program by its signal or with exit code 5") {
    const SmallRun small;
    const auto result =
        shell("(\"$0\" bench --list; echo $? >code) | true; cat code", {.folder = small.folder.path()});
    const std::string code = result.out;
    CHECK_MESSAGE((code == "0\n" || code == "5\n" || code == "141\n"), "ended with ", code);
  }

  TEST_CASE("surroundings: training goes on when nobody reads its words any more") {
    const SmallRun small;
    const ProcessOptions here = {.folder = small.folder.path()};
    REQUIRE(shell("\"$0\" train --config small.json --out good --quiet", here).exit_code == 0);
    const auto result = shell(
        "{ sleep 0.3; \"$0\" train --config small.json --out run; echo $? > code; } | true; cat code", here);
    CHECK(result.out == "5\n");
    CHECK(result.err == "error: cannot write standard output\n");
    CHECK(read_bytes(small.folder / "run/samples.txt") == read_bytes(small.folder / "good/samples.txt"));
  }

  TEST_CASE("surroundings: a limit on the size of files is exit code 5, and nothing half written stays") {
    const SmallRun small;
    const auto result = shell("ulimit -f 4; exec \"$0\" train --config small.json --out run --quiet",
                              {.folder = small.folder.path()});
    CHECK(result.exit_code == 5);
    CHECK(refused_in_one_line(result));
    check_no_half_file(small.folder.path());
  }

  TEST_CASE("surroundings: a full disk under --losses is exit code 5") {
    if (!std::filesystem::exists("/dev/full")) {
      MESSAGE("left out: this system has no /dev/full");
      return;
    }
    const SmallRun small;
    const auto result = run_microgpt({"reference", "--data", small.text.string(), "--num-steps", "1",
                                      "--samples", "0", "--losses", "/dev/full"});
    CHECK(result.exit_code == 5);
    CHECK(result.err == "error: cannot write losses: /dev/full\n");
  }

  TEST_CASE("surroundings: a folder that is gone is one line and exit code 5") {
    const SmallRun small;
    const std::string gone = "mkdir d && cd d && rmdir ../d && exec \"$0\" ";
    const std::string config = " --config '" + small.config.string() + "'";
    const ProcessOptions here = {.folder = small.folder.path()};
    const auto relative = shell(gone + "train" + config, here);
    CAPTURE(relative.err);
    CHECK(relative.exit_code == 5);
    CHECK(refused_in_one_line(relative));
    CHECK(relative.err.find("should not happen") == std::string::npos);
    // With every path absolute, nobody needs the folder.
    const auto absolute =
        shell(gone + "train --quiet" + config + " --out '" + small.out.string() + "'", here);
    CAPTURE(absolute.err);
    CHECK(absolute.exit_code == 0);
    CHECK(shell(gone + "sample -n 1 --model '" + small.out.string() + "'", here).exit_code == 0);
    check_no_half_file(small.folder.path());
  }

  TEST_CASE("surroundings: a working folder that is gone is one line and exit code 5") {
    const SmallRun small;
    const auto result = shell(
        "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" train --config ../small.json --out \"$PWD/../run\"",
        {.folder = small.folder.path()});
    CHECK(result.exit_code == 5);
    CHECK(refused_in_one_line(result));
    CHECK(result.err.find("folder") != std::string::npos);
  }

  TEST_CASE("surroundings: a folder that may not be written is one line and exit code 5") {
    const SmallRun small;
    fs::permissions(small.folder.path(), fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read
                                             | fs::perms::group_exec | fs::perms::others_read
                                             | fs::perms::others_exec);
    // Root may write everywhere: then somebody else has to try.
    const std::string as =
        ::geteuid() == 0 ? "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" " : "exec \"$0\" ";
    const ProcessOptions here = {.folder = small.folder.path()};
    if (shell(as + "--version", here).exit_code != 0) {
      MESSAGE("left out: no way to run the program as somebody who may not write");
    } else {
      for (const std::string line : {"train --config small.json", "train --config small.json --out run",
                                     "train --config small.json --out a/b/c"}) {
        CAPTURE(line);
        const auto result = shell(as + line, here);
        CAPTURE(result.err);
        CHECK(result.exit_code == 5);
        CHECK(refused_in_one_line(result));
        CHECK(result.err.find("Permission denied") != std::string::npos);
      }
      CHECK(names_in(small.folder.path()).size() == 2);
    }
    fs::permissions(small.folder.path(), fs::perms::owner_all);
  }

  TEST_CASE("surroundings: no variable of the environment breaks a run or changes it") {
    const SmallRun small;
    const ProcessOptions plain = {.folder = small.folder.path()};
    REQUIRE(run_microgpt({"train", "--config", "small.json", "--out", "good", "--quiet"}, plain).exit_code
            == 0);
    const auto expected = run_microgpt({"sample", "--model", "good"}, plain);
    REQUIRE(expected.exit_code == 0);
    const std::pair<std::string, std::string> variables[] = {
        {"HOME", ""},
        {"HOME", "/nonexistent"},
        {"PATH", ""},
        {"TMPDIR", "/nonexistent"},
        {"TERM", ""},
        {"TERM", "no-such-terminal"},
        {"TERM", "\xff"},
        {"NO_COLOR", "1"},
        {"NO_COLOR", "\xff"},
        {"COLUMNS", "-1"},
        {"COLUMNS", "1e400"},
        {"COLUMNS", "9223372036854775808"},
        {"LANG", ""},
        {"LANG", "xx_YY.UTF-8"},
        {"LC_ALL", "C"},
        {"LC_ALL", "POSIX"},
        {"LC_ALL", "C.UTF-8"},
        {"LC_ALL", "de_DE.UTF-8"},
        {"LC_ALL", "tr_TR"},
        {"LC_ALL", "\xff"},
        {"LC_NUMERIC", "de_DE"},
        {"TZ", "Nowhere/Land"},
        {"OMP_NUM_THREADS", "-1"},
        {"MALLOC_ARENA_MAX", "x"},
    };
    int number = 0;
    for (const auto& variable : variables) {
      CAPTURE(variable.first);
      CAPTURE(variable.second);
      const ProcessOptions odd = {.folder = small.folder.path(), .environment = {variable}};
      const std::string out = "run" + std::to_string(++number);
      const auto trained = run_microgpt({"train", "--config", "small.json", "--out", out, "--quiet"}, odd);
      CHECK(trained.exit_code == 0);
      CHECK(trained.err == "");
      CHECK(read_bytes(small.folder / (out + "/metrics.jsonl"))
            == read_bytes(small.folder / "good/metrics.jsonl"));
      CHECK(read_bytes(small.folder / (out + "/samples.txt"))
            == read_bytes(small.folder / "good/samples.txt"));
      const auto sampled = run_microgpt({"sample", "--model", "good"}, odd);
      CHECK(sampled.exit_code == 0);
      CHECK(sampled.out == expected.out);
      CHECK(sampled.err == "");
    }
  }
}
