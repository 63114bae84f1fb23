// docs/worked-examples.md shows commands and what they print: each is run, from the repository's folder, and
// must print that.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "microgpt/base/file.hpp"
#include "support/data.hpp"
#include "support/process.hpp"
#include "support/temp_folder.hpp"

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

TEST_SUITE("docs") {
  TEST_CASE("docs: every command of worked-examples.md and the README prints what stands there") {
    auto examples =
        examples_of(microgpt::read_file(repository_file("docs/worked-examples.md"), microgpt::Fault::io));
    CHECK(examples.size() >= 8);
    const auto first = examples_of(microgpt::read_file(repository_file("README.md"), microgpt::Fault::io));
    CHECK(first.size() == 1);
    examples.insert(examples.end(), first.begin(), first.end());
    const auto folder_of = [](const char* program) {
      return std::filesystem::path(program).parent_path().string();
    };
    const std::string path =
        folder_of(MICROGPT_PROGRAM) + ":" + folder_of(MICROGPT_EXAMPLE) + ":" + std::getenv("PATH");
    for (const Example& example : examples) {
      const auto result = Process({"/bin/sh", "-c", example.command},
                                  {.folder = repository_file(""),
                                   .environment = {{"PATH", path}, {"COLUMNS", "100"}, {"NO_COLOR", "1"}}})
                              .finish();
      CHECK_MESSAGE(result.exit_code == 0, example.command, "\n", result.err);
      Lines got = lines_of(result.out);
      while (!got.empty() && got.back().empty()) got.pop_back();
      CHECK_MESSAGE(matches(got, 0, example.output, 0), example.command, "\nprinted:\n", joined(got),
                    "the page has:\n", joined(example.output));
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

  TEST_CASE("docs: the C++ program of worked-examples.md is the one that is run") {
    const std::string page =
        microgpt::read_file(repository_file("docs/worked-examples.md"), microgpt::Fault::io);
    const std::string program =
        microgpt::read_file(repository_file("tests/examples/only_the_first_letter.cpp"), microgpt::Fault::io);
    CHECK(page.find("```cpp\n" + program + "```\n") != std::string::npos);
  }
}
