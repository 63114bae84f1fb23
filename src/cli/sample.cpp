// microgpt sample: texts from a trained model, one a line.
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/generate/generator.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

struct SampleOptions {
  std::string model;
  int count = 20;
  std::optional<double> temperature;
  std::optional<int> max_length;
  std::string prompt;
  std::uint64_t seed = 42;
  bool json = false;
};

void run_sample(const SampleOptions& options) {
  const Checkpoint checkpoint = load_model(options.model);
  if (find_invalid_utf8(options.prompt) != std::string::npos) {
    throw Error(Fault::usage, "bad --prompt: it is not valid UTF-8");
  }
  const std::vector<Token> prompt = checkpoint.tokenizer().encode(options.prompt);
  SampleConfig sample = checkpoint.config().sample;
  sample.count = options.count;
  sample.temperature = options.temperature.value_or(sample.temperature);
  sample.max_length = options.max_length.value_or(sample.max_length);
  const int limit = sample.max_length > 0 ? sample.max_length : checkpoint.config().model.block_size;
  if (static_cast<int>(prompt.size()) >= limit) {
    throw Error(Fault::usage, "bad --prompt: its " + std::to_string(prompt.size())
                                  + " characters leave nothing to write of the " + std::to_string(limit)
                                  + " a text may have: raise --max-length");
  }

  if (std::isnan(sample.temperature)) {  // no range keeps it out: it compares with nothing
    throw Error(Fault::usage, "bad --temperature: nan: must be a number from 0 to 100");
  }

  Rng rng(options.seed);
  nlohmann::json texts = nlohmann::json::array();
  const auto show = [&](const std::string& text) {
    if (options.json) {
      texts.push_back(text);
    } else {
      std::cout << as_document(text, checkpoint.config().data.mode) << '\n' << std::flush;
    }
  };
  if (checkpoint.config().precision == Precision::float32) {
    sample_texts(checkpoint.config().model, checkpoint.parameters<float>(), checkpoint.tokenizer(), sample,
                 prompt, rng, show);
  } else {
    sample_texts(checkpoint.config().model, checkpoint.parameters<double>(), checkpoint.tokenizer(), sample,
                 prompt, rng, show);
  }
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"seed", options.seed},
                                        {"temperature", sample.temperature},
                                        {"prompt", options.prompt},
                                        {"samples", texts}}
                     .dump()
              << '\n';
  }
}

}  // namespace

void add_sample(CLI::App& program) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App& command = *program.add_subcommand("sample", "Write texts with a trained model, one a line");
  command.add_option("--model", options->model, "Run folder or checkpoint file")->required();
  command.add_option("-n,--count", options->count, "How many")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  command
      .add_option("--temperature", options->temperature,
                  "Below 1 bolder, above 1 wilder, 0 the most probable text (default: the run's own, 0.5)")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--prompt", options->prompt, "Text that each one begins with");
  command
      .add_option("--max-length", options->max_length,
                  "Most characters of a text, prompt included (default: the run's own, block_size)")
      ->check(CLI::Range(1, 1'000'000'000));
  command.add_option("--seed", options->seed, "The same seed gives the same texts")
      ->check(check_seed)
      ->capture_default_str();
  command.add_flag("--json", options->json, "One JSON document instead of lines");
  command.footer("Example:\n  microgpt sample --model runs/names-1 -n 5 --prompt ma --temperature 0.8");
  command.callback([options] { run_sample(*options); });
}

}  // namespace microgpt::cli
