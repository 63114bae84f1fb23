// A run that takes milliseconds: a short text, a small model, few steps.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/data.hpp"
#include "support/process.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

struct SmallRun {
  TempFolder folder;
  std::filesystem::path text = folder / "stones.txt";
  std::filesystem::path config = folder / "small.json";
  std::filesystem::path out = folder / "run";

  SmallRun() {
    std::filesystem::copy_file(repository_file("tests/golden/small.txt"), text);
    write_bytes(config, R"({
  "why": "as small as it goes and yet two layers, batches, evaluations and checkpoints",
  "data": {"path": "stones.txt", "held_out": 0.2},
  "model": {"n_layer": 2, "n_embd": 8, "n_head": 2, "block_size": 8},
  "train": {"steps": 24, "batch_size": 20, "eval_every": 10, "checkpoint_every": 10, "grad_clip": 1},
  "sample": {"count": 4}
})");
  }

  /// microgpt train --config … --out … and what is added.
  [[nodiscard]] std::vector<std::string> train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train", "--config", config.string(), "--out", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] std::vector<std::string> sample(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"sample", "--model", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] std::filesystem::path checkpoint(const std::string& step) const {
    return out / "checkpoints" / ("step-" + step + ".safetensors");
  }
};

/// A program that refuses says so in one line of standard error that begins with "error: ", and
/// nothing on standard output.
inline bool refused_in_one_line(const ProcessResult& result) {
  return result.out.empty() && result.err.starts_with("error: ")
         && result.err.find('\n') == result.err.size() - 1;
}

}  // namespace microgpt::test
