// The documents show commands with their output: each is run, from the folder of the repository, and must print that.
// They show programs: these are the ones that are compiled.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/base/file.hpp"
#include "support/data.hpp"
#include "support/process.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("docs") {
  namespace {

  using namespace microgpt::test;
  using Lines = std::vector<std::string>;

  struct Example {
    std::string command;
    Lines output;
  };

  /// The lines after "$ " in text blocks, each with the lines that follow it.
  std::vector<Example> examples_of(const std::string& page) {
    std::vector<Example> examples;
    bool inside = false;
    for (const std::string& line : lines_of(page)) {
      if (line.starts_with("```")) {
        inside = line == "```text";
      } else if (inside && line.starts_with("$ ")) {
        examples.push_back({line.substr(2), {}});
      } else if (inside && !examples.empty()) {
        examples.back().output.push_back(line);
      }
    }
    for (Example& example : examples) {
      while (!example.output.empty() && example.output.back().empty()) example.output.pop_back();
    }
    return examples;
  }

  std::string document(const char* path) {
    return microgpt::read_file(repository_file(path), microgpt::Fault::io);
  }

  std::string folder_of(const char* program) {
    return std::filesystem::path(program).parent_path().string();
  }

  /// What a shell prints in the folder of the repository, with our programs in PATH.
  ProcessResult run_in_repository(const std::string& command) {
    const std::string path =
        folder_of(MICROGPT_PROGRAM) + ":" + folder_of(MICROGPT_EXAMPLE) + ":" + std::getenv("PATH");
    return Process({"/bin/sh", "-c", command},
                   {.folder = repository_file(""),
                    .environment = {{"PATH", path}, {"COLUMNS", "100"}, {"NO_COLOR", "1"}}})
        .finish();
  }

  /// Whether the lines are those expected, where "[...]" stands for any lines, one at least.
  bool matches(const Lines& got, std::size_t g, const Lines& expected, std::size_t e) {
    if (e == expected.size()) return g == got.size();
    if (expected[e] != "[...]")
      return g < got.size() && got[g] == expected[e] && matches(got, g + 1, expected, e + 1);
    for (std::size_t next = g + 1; next <= got.size(); ++next) {
      if (matches(got, next, expected, e + 1)) return true;
    }
    return false;
  }

  std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }

  }  // namespace

  TEST_CASE("docs: every command of a document prints what is shown below it") {
    const std::pair<const char*, std::size_t> documents[] = {// and how many commands each has at least
                                                             {"docs/worked-examples.md", 11},
                                                             {"docs/softmax.md", 10},
                                                             {"docs/explain.md", 1},
                                                             {"README.md", 1}};
    for (const auto& each : documents) {
      const auto path = each.first;
      const auto fewest = each.second;
      const auto examples = examples_of(document(path));
      CAPTURE(path);
      CHECK(examples.size() >= fewest);
      for (const Example& example : examples) {
        const auto result = run_in_repository(example.command);
        CHECK_MESSAGE(result.exit_code == 0, example.command, "\n", result.err);
        Lines got = lines_of(result.out);
        while (!got.empty() && got.back().empty()) got.pop_back();
        CHECK_MESSAGE(matches(got, 0, example.output, 0), example.command, "\nprinted:\n", joined(got),
                      "the document has:\n", joined(example.output));
      }
    }
  }

  TEST_CASE("docs: the way examples are compared can fail") {
    const Lines got = {"a", "b", "c", "d"};
    CHECK(matches(got, 0, {"a", "b", "c", "d"}, 0));
    CHECK(matches(got, 0, {"a", "[...]", "d"}, 0));
    CHECK(matches(got, 0, {"[...]", "d"}, 0));
    CHECK(matches(got, 0, {"a", "[...]"}, 0));
    CHECK_FALSE(matches(got, 0, {"a", "b", "c"}, 0));
    CHECK_FALSE(matches(got, 0, {"a", "b", "d"}, 0));
    CHECK_FALSE(matches(got, 0, {"a", "[...]", "b", "c", "d"}, 0));
    CHECK_FALSE(matches(got, 0, {"a", "[...]", "c"}, 0));
  }

  TEST_CASE("docs: the C++ programs of the documents are those that are compiled") {
    const std::pair<const char*, const char*> programs[] = {
        {"docs/worked-examples.md", "tests/examples/only_the_first_letter.cpp"},
        {"README.md", "tests/examples/train_and_explain.cpp"}};
    for (const auto& each : programs) {
      const char* const page = each.first;
      const char* const program = each.second;
      CAPTURE(page);
      CHECK(document(page).find("```cpp\n" + document(program) + "```\n") != std::string::npos);
    }
  }

  TEST_CASE(
      "docs: the program of the README trains, evaluates, samples and prints a page, in under 30 lines") {
    const Lines program = lines_of(document("tests/examples/train_and_explain.cpp"));
    CHECK(program.size() < 30);
    const auto result = run_in_repository("train_and_explain");
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    const Lines lines = lines_of(result.out);
    REQUIRE(lines.size() > 2 + 20 + 10);
    CHECK(lines[0].starts_with("step 100: "));
    CHECK(lines[1].starts_with("step 200: "));
    const double loss = std::atof(lines[1].c_str() + std::string("step 200: ").size());
    CHECK(loss > 2);  // guessing costs ln 27 = 3.3
    CHECK(loss < 3);
    CHECK(lines[2 + 20] == "ledger");
  }
}
