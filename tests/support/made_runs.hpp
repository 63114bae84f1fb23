// Run folders whose weights are drawn, not trained: they are the same numbers on every machine.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/sha256.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/run_folder.hpp"
#include "support/numbers.hpp"
#include "support/plain_model.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

/// A folder with a text of a few names, names.txt, and runs that are made of it.
struct MadeRuns {
  TempFolder folder;
  RunConfig config;
  Tokenizer tokenizer{std::vector<char32_t>{U'a', U'e', U'm', U'n'}};

  MadeRuns() {
    write_text("anna\nemma\neman\nmaen\nnana\namen\n");
    config.data.path = (folder / "names.txt").string();
    config.model = {.n_layer = 2, .n_embd = 8, .n_head = 2, .block_size = 6, .vocab_size = 5};
    config.train.steps = 40;
    config.precision = Precision::float64;
  }

  void write_text(const std::string& text) const { write_bytes(folder / "names.txt", text); }

  using Change = std::function<void(Parameters<double>&)>;

  /// The weights of a step: they go a step of their own further each training step.
  [[nodiscard]] Parameters<double> weights(int step, const Change& change = {}) const {
    Parameters<double> parameters(config.model);
    Noise noise(41);
    for (double& w : parameters.values()) w = noise.number(0.5);
    for (double& w : parameters.values()) w += step * noise.number(0.02);
    if (change) change(parameters);
    return parameters;
  }

  /// A checkpoint of `run`.
  void save(const std::string& run, int step, const Change& change = {},
            std::optional<double> held_out = {}) const {
    if (config.precision == Precision::float32) {
      save_as<float>(run, step, change, held_out);
    } else {
      save_as<double>(run, step, change, held_out);
    }
  }
  [[nodiscard]] std::filesystem::path path(const std::string& run, int step) const {
    return RunFolder{folder / run}.checkpoint(step);
  }
  [[nodiscard]] std::string run(const std::string& name) const { return (folder / name).string(); }
  [[nodiscard]] Checkpoint load(const std::string& name, int step) const {
    return Checkpoint::load(path(name, step));
  }

  /// The tokens of a text between two BOS, by hand.
  [[nodiscard]] std::vector<int> tokens(const std::string& text) const {
    std::vector<int> list = {4};
    for (const char c : text) list.push_back(static_cast<int>(std::string("aemn").find(c)));
    list.push_back(4);
    list.resize(std::min(list.size(), static_cast<std::size_t>(config.model.block_size) + 1));
    return list;
  }
  /// A run of the weights of a step by lists, which share no code with the model.
  [[nodiscard]] PlainRun<double> plain_run_of(int step, const std::string& text,
                                              const Change& change = {}) const {
    return plain_run(plain<double>(config.model, weights(step, change)), tokens(text));
  }

 private:
  template <class T>
  void save_as(const std::string& run, int step, const Change& change, std::optional<double> held_out) const {
    TrainState<T> state(config.model);
    const Parameters<double> parameters = weights(step, change);
    for (std::size_t i = 0; i < state.parameters.values().size(); ++i) {
      state.parameters.values()[i] = static_cast<T>(parameters.values()[i]);
    }
    state.step = step;
    std::filesystem::create_directories(folder / (run + "/checkpoints"));
    save_checkpoint(path(run, step), config, tokenizer,
                    {.step = step,
                     .data_sha256 = sha256(read_bytes(folder / "names.txt")),
                     .rng = Rng(1).state(),
                     .held_out_loss = held_out},
                    state);
  }
};

}  // namespace microgpt::test
