// microgpt sample: texts from a trained model, one a line.
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/novelty_report.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/score.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

struct SampleOptions {
  std::string model;
  std::string data;
  int count = 20;
  std::optional<double> temperature, top_p, min_p;
  std::optional<int> top_k, max_chars;
  std::string prompt;
  std::uint64_t seed = 42;
  bool json = false;
  bool stream = false;
  bool report = false;
  bool novel = false;
};

/// --novel gives up where so many texts in a row were known, or shown already.
constexpr int kPatience = 1000;

/// The run's own settings, with those of the command line in their place.
SampleConfig settings_of(const SampleOptions& options, const RunConfig& config, std::size_t prompt) {
  SampleConfig sample = config.sample;
  sample.count = options.count;
  sample.sampler.temperature = options.temperature.value_or(sample.sampler.temperature);
  sample.sampler.top_k = options.top_k.value_or(sample.sampler.top_k);
  sample.sampler.top_p = options.top_p.value_or(sample.sampler.top_p);
  sample.sampler.min_p = options.min_p.value_or(sample.sampler.min_p);
  sample.max_chars = options.max_chars.value_or(sample.max_chars);
  if (sample.max_chars == 0) sample.max_chars = config.model.block_size;
  if (prompt >= static_cast<std::size_t>(sample.max_chars)) {
    throw Error(Fault::usage, "bad --prompt: its " + counted(prompt, "character")
                                  + (prompt == 1 ? " leaves" : " leave") + " nothing to write of the "
                                  + std::to_string(sample.max_chars) + " a text may have: raise --max-chars");
  }
  return sample;
}

/// A character as it may be shown at once, while its text is still being written.
std::string shown_character(const std::string& character, DataMode mode) {
  const bool raw = !stdout_is_terminal() || (mode != DataMode::lines && character == "\n");
  return raw ? character : one_line(character);
}

template <class T>
void write_samples(const SampleOptions& options, const Checkpoint& checkpoint,
                   const Parameters<T>& parameters) {
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const auto prompt = tokenizer.encode(options.prompt);
  const SampleConfig sample = settings_of(options, config, prompt.size());
  const DataMode mode = config.data.mode;

  std::optional<OwnText> own;
  std::optional<NoveltyReport> report;
  if (options.report || options.novel) {
    own.emplace(load_own_text(checkpoint, options.data));
    report.emplace(*own, tokenizer, is_stream(config));
  }

  nlohmann::ordered_json samples = nlohmann::ordered_json::array();
  nlohmann::ordered_json probabilities, end;  // of the text being written
  const auto seen = [&](Token token, std::span<const T> logits) {
    if (options.stream && token != tokenizer.bos()) {
      std::cout << shown_character(tokenizer.decode({&token, 1}), mode) << std::flush;
    }
    if (!options.json) return;
    nlohmann::ordered_json p;  // null: nothing stood before it
    if (!logits.empty()) p = std::exp(-surprise<T>(logits, token, is_stream(config) ? tokenizer.bos() : -1));
    token == tokenizer.bos() ? end = p : probabilities.emplace_back(p);
  };

  const bool terminal = stdout_is_terminal();
  Writer<T> writer(config, parameters, tokenizer, sample, prompt);
  Rng rng(options.seed);
  std::unordered_set<std::string> written;  // by --novel
  for (int shown = 0, in_vain = 0; shown < options.count;) {
    probabilities = nlohmann::ordered_json::array();
    end = nullptr;
    const auto tokens = options.stream || options.json ? writer.write(rng, seen) : writer.write(rng);
    const std::string text = tokenizer.decode(tokens);
    nlohmann::ordered_json finding;
    if (options.report) finding = report->add(text, tokens);
    if (options.novel && (!report->is_new(text) || !written.insert(text).second)) {
      if (++in_vain < kPatience) continue;
      std::cerr
          << "warning: only " << shown << " of "
          << counted(static_cast<std::size_t>(options.count), "new text") << ": gave up after "
          << counted(kPatience, "text") << " in a row that "
          << "stand in the training text or were shown already: a higher --temperature may write more\n";
      break;
    }
    in_vain = 0;
    ++shown;
    if (options.json) {
      samples.push_back({{"text", text}, {"probabilities", probabilities}, {"end", end}});
      if (options.report) samples.back().update(finding);
    } else if (options.stream) {
      std::cout << (mode == DataMode::lines ? "\n" : "\n\n") << std::flush;
    } else {
      std::cout << as_document(text, mode) << '\n';
      if (terminal) std::cout << std::flush;
    }
  }

  if (options.json) {
    nlohmann::ordered_json document = {
        {"seed", options.seed},          {"temperature", sample.sampler.temperature},
        {"top_k", sample.sampler.top_k}, {"top_p", sample.sampler.top_p},
        {"min_p", sample.sampler.min_p}, {"max_chars", sample.max_chars},
        {"prompt", options.prompt},      {"samples", samples}};
    if (options.report) document["report"] = report->to_json();
    std::cout << document.dump() << '\n';
  } else if (options.report) {
    if (options.count > 0) std::cout << '\n';
    report->print();
  }
}

void run_sample(const SampleOptions& options) {
  const Checkpoint checkpoint = load_model(options.model);
  if (find_invalid_utf8(options.prompt) != std::string::npos) {
    throw Error(Fault::usage, "bad --prompt: it is not valid UTF-8");
  }
  if (!options.data.empty() && !options.report && !options.novel) {
    throw Error(Fault::usage, "bad options: --data is where --report and --novel find the training text");
  }
  with_parameters(checkpoint,
                  [&](const auto& parameters) { write_samples(options, checkpoint, parameters); });
}

}  // namespace

CLI::App& add_sample(CLI::App& program) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App& command = *program.add_subcommand("sample", "Write texts with a trained model, one a line");
  command.add_option("--model", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  command.add_option("-n,--count", options->count, "How many texts")
      ->check(whole_between(0, 1'000'000'000))
      ->capture_default_str();
  command.add_option("--prompt", options->prompt, "What each one begins with");
  command.add_option("--seed", options->seed, "The same seed gives the same texts")
      ->check(check_seed)
      ->capture_default_str();

  const char* drawing = "How characters are drawn (default: the run's settings)";
  command
      .add_option("--temperature", options->temperature,
                  "Below 1 safer, above 1 wilder, 0 the most probable text")
      ->check(number_between(0, 100))
      ->group(drawing);
  command.add_option("--top-k", options->top_k, "Only from the k most probable characters; 0 is off")
      ->check(whole_between(0, 1'114'112))
      ->group(drawing);
  command
      .add_option("--top-p", options->top_p, "Only from the fewest whose probabilities add up to p; 1 is off")
      ->check(number_between(0, 1))
      ->group(drawing);
  command
      .add_option("--min-p", options->min_p,
                  "Only from those with at least p times the best one's probability; 0 is off")
      ->check(number_between(0, 1))
      ->group(drawing);
  command
      .add_option("--max-chars", options->max_chars,
                  "Most characters of a text, prompt included (default: the run's, else block_size)")
      ->check(whole_between(1, 1'000'000'000))
      ->group(drawing);

  const char* news = "New, or copied from the training text";
  auto* novel = command
                    .add_flag("--novel", options->novel,
                              "Show only texts that do not stand there, each once, until there are -n")
                    ->group(news);
  command
      .add_flag("--report", options->report, "Say at the end how many are new, and how near these are to it")
      ->group(news);
  command.add_option("--data", options->data, "Where the training text is, if it was moved")
      ->check(check_path)
      ->option_text("FILE")
      ->group(news);

  const char* others = "Other options";
  auto* stream = command.add_flag("--stream", options->stream, "Show every character as soon as it is drawn")
                     ->excludes(novel)
                     ->group(others);
  command
      .add_flag("--json", options->json,
                "One JSON document: texts, and the model's probability of every character")
      ->excludes(stream)
      ->group(others);
  command.footer(
      "docs/sampling.md says what each setting does.\n\n"
      "Example:\n"
      "  microgpt sample --model runs/names-1 -n 5 --prompt ma --temperature 0.8\n"
      "  microgpt sample --model runs/names-1 -n 1000 --report");
  command.callback([options] { run_sample(*options); });
  return command;
}

}  // namespace microgpt::cli
