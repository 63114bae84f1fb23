// Run folders whose weights are drawn, not trained: they are the same numbers on every machine.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/small_run.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/json.hpp"
#include "support/numbers.hpp"
#include "support/pages.hpp"

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

  /// The page of a call as it was at 80 and 120 columns; colours on a terminal, unless NO_COLOR is set.
  void check_pages(const std::string& name, const std::vector<std::string>& call) const {
    for (const std::string width : {"80", "120"}) {
      auto wide = call;
      wide.insert(wide.end(), {"--width", width});
      const auto page = study(wide);
      check_page(name + "-" + width, page.out);
      for (const std::string& line : lines_of(page.out)) {
        CAPTURE(line);
        CHECK(microgpt::count_code_points(line) <= std::stoul(width));
      }
    }
    const auto shown = [&](const std::string& no_color) {
      return study(call, {.environment = {{"TERM", "xterm"}, {"NO_COLOR", no_color}}, .terminal = true}).out;
    };
    CHECK(shown("").find("\x1b[38;5;16;48;5;") != std::string::npos);
    CHECK(shown("1").find("\x1b[") == std::string::npos);
  }
};

}  // namespace microgpt::test
