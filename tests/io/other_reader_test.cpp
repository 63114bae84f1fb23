#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

#include "io/saved_run.hpp"
#include "support/data.hpp"
#include "support/process.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// Of what Python's float.hex() writes.
  double number_of(const std::string& hexadecimal) {
    return std::strtod(hexadecimal.c_str(), nullptr);
  }

  std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
  }

  ProcessResult read_with_python(const std::filesystem::path& file) {
    return Process({"/usr/bin/env", "python3", repository_file("tests/io/read_safetensors.py").string(),
                    file.string()})
        .finish();
  }

  template <class T>
  void check_read(const char* dtype) {
    Saved<T> saved;
    const auto result = read_with_python(saved.path);
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    const auto lines = lines_of(result.out);
    const auto table = saved.state.parameters.table();
    REQUIRE(lines.size() == 3 * table.size() + 3);
    std::size_t at = 0;
    for (const auto& [prefix, set] :
         {std::pair("", &saved.state.parameters), std::pair("adam.m.", &saved.state.m),
          std::pair("adam.v.", &saved.state.v)}) {
      for (const TensorSpec& spec : table) {
        CAPTURE(lines[at]);
        const auto words = words_of(lines[at++]);
        REQUIRE(words.size() == 7);
        const auto values = set->values().subspan(static_cast<std::size_t>(spec.offset),
                                                  static_cast<std::size_t>(spec.rows * spec.cols));
        CHECK(words[0] == prefix + spec.name);
        CHECK(words[1] == dtype);
        CHECK(words[2] == std::to_string(spec.rows));
        CHECK(words[3] == std::to_string(spec.cols));
        CHECK(words[4] == sha256({reinterpret_cast<const char*>(values.data()), values.size_bytes()}));
        CHECK(number_of(words[5]) == static_cast<double>(values.front()));
        CHECK(number_of(words[6]) == static_cast<double>(values.back()));
      }
    }
    const auto digest = words_of(lines[at]);
    REQUIRE(digest.size() == 3);
    CHECK(digest[1] == digest[2]);
    CHECK(digest[1].size() == 64);
    CHECK(lines[at + 1] == "vocabulary a 61 e9 1f600");
    CHECK(lines[at + 2] == "step 3");
  }

  }  // namespace

  TEST_CASE("other_reader: plain Python reads names, shapes and bytes of a checkpoint, and its digest") {
    const auto python = Process({"/usr/bin/env", "python3", "--version"}).finish();
    if (python.exit_code != 0) {
      MESSAGE("left out: there is no python3 here");
      return;
    }
    check_read<float>("F32");
    check_read<double>("F64");
  }
}
