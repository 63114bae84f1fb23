// Whole runs of microgpt.py, as Python printed them: tests/golden/NAME.stdout.txt, and every step's
// loss with 17 digits in NAME.json or NAME.losses.txt.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "microgpt/base/file.hpp"
#include "support/data.hpp"

namespace microgpt::test {

struct Golden {
  std::string output;
  std::vector<double> losses;
  std::vector<std::string> samples;
};

inline Golden load_golden(const std::string& name) {
  const auto read = [](const std::string& file) {
    return read_file(repository_file("tests/golden/" + file), Fault::data);
  };
  Golden golden;
  golden.output = read(name + ".stdout.txt");
  for (std::size_t at = 0; (at = golden.output.find("\nsample ", at)) != std::string::npos;) {
    const std::size_t begin = golden.output.find(": ", at) + 2;
    const std::size_t end = golden.output.find('\n', begin);
    golden.samples.push_back(golden.output.substr(begin, end - begin));
    at = end;
  }

  const bool json = std::filesystem::exists(repository_file("tests/golden/" + name + ".json"));
  const std::string figures = read(name + (json ? ".json" : ".losses.txt"));
  const char* at = figures.c_str();
  if (json) at += figures.find('[', figures.find("\"losses\"")) + 1;
  for (char* end = nullptr;; at = end) {
    while (*at == ',' || *at == '\n') ++at;
    const double loss = std::strtod(at, &end);
    if (end == at) return golden;
    golden.losses.push_back(loss);
  }
}

}  // namespace microgpt::test
