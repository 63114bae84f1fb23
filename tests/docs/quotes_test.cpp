// Documents that quote the code quote it as it stands.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "microgpt/base/file.hpp"
#include "support/data.hpp"

TEST_SUITE("docs") {
  namespace {

  namespace fs = std::filesystem;
  using microgpt::test::repository_file;

  std::string trimmed(const std::string& line) {
    const auto begin = line.find_first_not_of(' ');
    return begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(' ') - begin + 1);
  }

  /// Calls found(line, number) for every line of a file, without the white space around it.
  template <class Found>
  void each_line(const fs::path& path, Found&& found) {
    std::istringstream lines(microgpt::read_file(path, microgpt::Fault::io));
    int number = 0;
    for (std::string line; std::getline(lines, line);) found(trimmed(line), ++number);
  }

  }  // namespace

  TEST_CASE("docs: every line in a cpp block is a line of the source or of an example") {
    std::set<std::string> source;
    for (const char* folder : {"src", "tests/examples"}) {
      for (const auto& entry : fs::recursive_directory_iterator(repository_file(folder))) {
        if (entry.is_regular_file())
          each_line(entry.path(), [&](const std::string& line, int) { source.insert(line); });
      }
    }
    int quoted = 0;
    for (const auto& entry : fs::directory_iterator(repository_file("docs"))) {
      if (entry.path().extension() != ".md") continue;
      bool inside = false;
      each_line(entry.path(), [&](const std::string& line, int number) {
        if (line.starts_with("```")) {
          inside = line == "```cpp";
        } else if (inside && !line.empty()) {
          ++quoted;
          CHECK_MESSAGE(source.contains(line), entry.path().filename().string(), " line ", number,
                        " is in no source: ", line);
        }
      });
    }
    CHECK_MESSAGE(quoted >= 50, "only ", quoted,
                  " quoted lines were found: is the way of quoting still the same?");
  }
}
