// Writes what the fuzzers begin with: the malformed and the unusual files of the tests, configs and texts.
//   microgpt_fuzz_seeds FOLDER REPOSITORY
#include <cstdio>
#include <exception>
#include <string>

#include "io/malformed_checkpoints.hpp"

using namespace microgpt::test;
namespace fs = std::filesystem;

namespace {

/// Long inputs only slow the fuzzer down.
constexpr std::size_t kLongest = 20'000;

void write(const fs::path& folder, const std::vector<NamedFile>& files, const std::string& group) {
  fs::create_directories(folder);
  int number = 0;
  for (const NamedFile& file : files) {
    const std::string name = group + "-" + std::to_string(number++);
    if (file.bytes.size() <= kLongest) write_bytes(folder / name, file.bytes);
  }
}

std::vector<NamedFile> files_in(const fs::path& folder, const std::string& extension) {
  std::vector<NamedFile> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) {
      files.push_back({entry.path().filename().string(), read_bytes(entry.path())});
    }
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const fs::path folder = argv[1];
  const fs::path repository = argv[2];
  const fs::path checkpoints = folder / "checkpoint";
  write(checkpoints, malformed_lengths(), "A");
  write(checkpoints, malformed_json(), "B");
  write(checkpoints, malformed_structure(), "C");
  write(checkpoints, malformed_shapes(), "D");
  write(checkpoints, malformed_offsets(), "E");
  write(checkpoints, malformed_names(), "F");
  write(checkpoints, malformed_checkpoints(), "G");
  write(checkpoints, unusual_safetensors(), "valid");
  write(checkpoints, unusual_checkpoints(), "checkpoint");
  write(checkpoints, files_in(repository / "tests/golden", ".safetensors"), "golden");

  const fs::path configs = folder / "config";
  write(configs, files_in(repository / "configs", ".json"), "config");
  std::vector<NamedFile> headers;  // bad JSON is bad JSON
  for (const NamedFile& file : malformed_json()) headers.push_back({file.name, file.bytes.substr(8)});
  write(configs, headers, "json");

  std::vector<NamedFile> texts;
  for (const NamedFile& file : files_in(repository / "tests/golden", ".txt")) {
    for (const char how : {'\0', '\1', '\3', '\7', '\x2c'}) texts.push_back({file.name, how + file.bytes});
  }
  using namespace std::string_literals;
  for (const std::string& text :
       {"\xef\xbb\xbfopal\r\nslate\r\r\n \xe3\x80\x80onyx\xc2\x85\n"s, "\xf0\x9f\x98\x80\n\n\xcc\x81"s,
        "a\0b\x1b\x7f\n"s, "\xff\xfe\0"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\n\n \n"s}) {
    for (const char how : {'\1', '\2', '\4'}) texts.push_back({"text", how + text});
  }
  write(folder / "text", texts, "text");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 5;
}
