// Run folders whose weights are drawn, not trained: they are the same numbers on every machine.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/small_run.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/run_folder.hpp"
#include "support/json.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

/// A folder with a text of a few names, names.txt, and runs that are made of it.
struct DrawnRuns {
  TempFolder folder;
  RunConfig config;
  Tokenizer tokenizer{std::vector<char32_t>{U'a', U'e', U'm', U'n'}};

  DrawnRuns() {
    write_bytes(folder / "names.txt", "anna\nemma\neman\nmaen\nnana\namen\n");
    config.data.path = "names.txt";
    config.model = {.n_layer = 2, .n_embd = 8, .n_head = 2, .block_size = 6, .vocab_size = 5};
    config.train.steps = 40;
    config.precision = Precision::float64;
  }

  using Change = std::function<void(Parameters<double>&)>;

  /// A checkpoint of `run` whose weights go a step of their own further each training step.
  void save(const std::string& run, int step, const Change& change = {}) const {
    TrainState<double> state(config.model);
    Noise noise(41);
    for (double& w : state.parameters.values()) w = noise.number(0.5);
    for (double& w : state.parameters.values()) w += step * noise.number(0.02);
    if (change) change(state.parameters);
    state.step = step;
    std::filesystem::create_directories(folder / (run + "/checkpoints"));
    save_checkpoint(
        path(run, step), config, tokenizer,
        {.step = step, .data_sha256 = std::string(64, 'a'), .rng = Rng(1).state(), .held_out_loss = {}},
        state);
  }
  [[nodiscard]] std::filesystem::path path(const std::string& run, int step) const {
    return RunFolder{folder / run}.checkpoint(step);
  }

  /// Started in the folder, so that pages name no other.
  [[nodiscard]] ProcessResult study(std::vector<std::string> arguments, ProcessOptions options = {}) const {
    arguments.insert(arguments.begin(), "study");
    options.folder = folder.path();
    return run_microgpt(arguments, options);
  }
  [[nodiscard]] Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const auto result = study(arguments);
    if (result.exit_code != 0) throw std::runtime_error(result.err);
    return Json::parse(result.out);
  }
};

}  // namespace microgpt::test
