#include <doctest/doctest.h>

#include <cmath>

#include "cli/small_run.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  /// What the program and the Python program both got, and their name under tests/golden.
  struct Case {
    std::string name;
    std::vector<std::string> arguments;
  };
  const Case kCases[] = {
      {"latest", {"--seed", "7", "--num-steps", "25", "--samples", "10"}},
      {"course",
       {"--revision", "course", "--seed", "4294967296", "--n-layer", "2", "--n-embd", "8", "--n-head", "2",
        "--block-size", "6", "--num-steps", "30", "--samples", "10"}},
      // four heads do not divide a width of ten: the last two columns belong to none
      {"uneven",
       {"--seed", "3", "--n-embd", "10", "--n-head", "4", "--block-size", "8", "--num-steps", "12",
        "--samples", "5"}},
  };

  std::string golden(const std::string& file) {
    return read_bytes(repository_file("tests/golden/" + file));
  }

  }  // namespace

  TEST_CASE("reference: the bytes and losses of microgpt.py on a small text") {
    const TempFolder folder;
    const auto losses = folder / "losses.txt";
    for (const Case& each : kCases) {
      CAPTURE(each.name);
      std::vector<std::string> arguments = {"reference", "--data",
                                            repository_file("tests/golden/small.txt").string(), "--losses",
                                            losses.string()};
      arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
      const auto result = run_microgpt(arguments);
      CHECK(result.exit_code == 0);
      CHECK(result.err == "");
      CHECK(result.out == golden("small." + each.name + ".stdout.txt"));

      const auto expected = lines_of(golden("small." + each.name + ".losses.txt"));
      const auto got = lines_of(read_bytes(losses));
      REQUIRE(got.size() == expected.size());
      double worst = 0;
      for (std::size_t i = 0; i < got.size(); ++i) {
        worst = std::max(worst, std::abs(std::stod(got[i]) / std::stod(expected[i]) - 1));
      }
      CHECK(worst < 1e-9);
    }
  }

  TEST_CASE("reference: losses that cannot be written are exit code 5") {
    const std::string text = repository_file("tests/golden/small.txt").string();
    for (const std::string losses : {"/nonexistent/losses.txt", "/"}) {
      CAPTURE(losses);
      const auto result = run_microgpt(
          {"reference", "--data", text, "--num-steps", "2", "--samples", "1", "--losses", losses});
      CHECK(result.exit_code == 5);
      CHECK(result.err == "error: cannot write losses: " + losses + "\n");
    }
  }

  TEST_CASE("reference: a text that is none is exit code 3") {
    for (const std::string text : {"/nonexistent.txt", "/", "/dev/zero", "/dev/null"}) {
      CAPTURE(text);
      const auto result = run_microgpt({"reference", "--data", text});
      CHECK(result.exit_code == 3);
      CHECK(refused_in_one_line(result));
    }
  }
}
