// microgpt sample: texts from a trained model, one a line.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/page.hpp"
#include "cli/sample_output.hpp"
#include "cli/sample_prompt.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/novelty_tally.hpp"
#include "microgpt/evaluate/score.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/run/writer.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/report/novelty_report.hpp"

namespace microgpt::cli {

namespace {

struct SampleOptions {
  std::string model;
  std::string data;
  int count = 20;
  std::optional<double> temperature, top_p, min_p;
  std::optional<int> top_k, max_chars;
  std::string prompt, prompt_file;
  std::vector<std::string> stop;
  std::uint64_t seed = 42;
  PageOptions page;
  bool stream = false;
  bool report = false;
  bool novel = false;
  bool null = false;

  [[nodiscard]] bool json() const { return page.json; }
  [[nodiscard]] const char* prompt_option() const {
    return prompt_file.empty() ? "--prompt" : "--prompt-file";
  }
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
    throw bad_option(options.prompt_option(), "",
                     "its " + counted(prompt, "character") + (prompt == 1 ? " leaves" : " leave")
                         + " nothing to write of the " + std::to_string(sample.max_chars)
                         + " a text may have: raise --max-chars");
  }
  return sample;
}

/// The tokens of a text with the probability the model gave each; that of its end apart.
template <class T>
class Probabilities {
 public:
  Probabilities(const Tokenizer& tokenizer, bool stream) : tokenizer_(tokenizer), stream_(stream) {}
  void clear() {
    characters_ = nlohmann::ordered_json::array();
    end_ = nullptr;
  }
  void add(Token token, std::span<const T> logits) {
    const auto p = probability<T>(logits, token, stream_ ? tokenizer_.bos() : -1);
    const nlohmann::ordered_json json = p ? nlohmann::ordered_json(*p) : nlohmann::ordered_json(nullptr);
    if (token == tokenizer_.bos()) {
      end_ = json;
    } else {
      characters_.push_back(json);
    }
  }
  [[nodiscard]] nlohmann::ordered_json of(const std::string& text) const {
    return {{"text", text}, {"probabilities", characters_}, {"end", end_}};
  }

 private:
  const Tokenizer& tokenizer_;
  bool stream_;
  nlohmann::ordered_json characters_, end_;
};

nlohmann::ordered_json settings_json(const SampleOptions& options, const SampleConfig& sample) {
  return {{"seed", options.seed},          {"temperature", sample.sampler.temperature},
          {"top_k", sample.sampler.top_k}, {"top_p", sample.sampler.top_p},
          {"min_p", sample.sampler.min_p}, {"max_chars", sample.max_chars},
          {"prompt", options.prompt},      {"stop", options.stop}};
}

nlohmann::ordered_json novelty_json(const SampleNovelty& found, bool stream) {
  nlohmann::ordered_json json = {{"new", found.is_new}};
  if (!stream) json["distance"] = found.distance;
  if (!stream) json["nearest"] = found.nearest;
  json["copied"] = found.copied;
  return json;
}

nlohmann::ordered_json stopped_by_json(std::optional<std::size_t> number,
                                       const std::vector<std::string>& stop) {
  return number ? nlohmann::ordered_json(stop[*number]) : nlohmann::ordered_json(nullptr);
}

void warn_of_giving_up(int shown, int count) {
  std::cerr
      << "warning: --novel found only " << shown << " of the "
      << counted(static_cast<std::size_t>(count), "text") << " asked for: the last "
      << counted(kPatience, "text")
      << " in a row occur in the training text, are blank or were shown already; a higher --temperature may "
         "help\n";
}

StopStrings stop_strings(const Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  std::vector<std::vector<Token>> strings;
  for (const std::string& text : texts) strings.push_back(tokenizer.encode(text));
  return StopStrings(std::move(strings));
}

template <class T>
void write_samples(const SampleOptions& options, const Checkpoint& checkpoint,
                   const Parameters<T>& parameters) {
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const bool stream = is_stream(config);
  const auto prompt = tokenizer.encode(options.prompt);
  const SampleConfig sample = settings_of(options, config, prompt.size());

  std::optional<OwnText> own;
  std::optional<NoveltyTally> tally;
  if (options.report || options.novel) {
    own.emplace(load_own_text(checkpoint, options.data));
    tally.emplace(own->split.training, own->split.held_out, tokenizer, config.data.mode);
  }
  Probabilities<T> probabilities(tokenizer, stream);
  SampleOutput output(tokenizer, config.data.mode, options.null);
  const auto seen = [&](Token token, std::span<const T> logits) {
    if (options.stream && token != tokenizer.bos()) output.write_character(token);
    if (options.json()) probabilities.add(token, logits);
  };

  nlohmann::ordered_json samples = nlohmann::ordered_json::array();
  Writer<T> writer(config, parameters, tokenizer, sample, prompt, stop_strings(tokenizer, options.stop));
  Rng rng(options.seed);
  std::unordered_set<std::string> written;  // by --novel
  for (int shown = 0, in_vain = 0; shown < options.count;) {
    probabilities.clear();
    const auto tokens = options.stream || options.json() ? writer.write(rng, seen) : writer.write(rng);
    const std::string text = tokenizer.decode(tokens);
    if (options.novel && (!tally->is_new(text, writer.end()) || !written.insert(text).second)) {
      if (options.report) tally->add(text, tokens, writer.end());
      if (++in_vain < kPatience) continue;
      warn_of_giving_up(shown, options.count);
      break;
    }
    in_vain = 0;
    ++shown;
    nlohmann::ordered_json found;
    if (options.report) found = novelty_json(tally->add(text, tokens, writer.end()), stream);
    if (options.json()) {
      samples.push_back(probabilities.of(text));
      samples.back()["stopped_by"] = stopped_by_json(writer.stopped_by(), options.stop);
      if (options.report) samples.back().update(found);
    } else if (options.stream) {
      output.end();
    } else {
      output.write(text);
    }
  }
  std::optional<view::Page> report;
  if (options.report) report = view::novelty_report(tally->summary(), sample.max_chars);
  if (options.json()) {
    nlohmann::ordered_json document = settings_json(options, sample);
    document["samples"] = samples;
    if (report) document["report"] = render::to_json(write_files(*std::move(report), options.page));
    std::cout << document.dump() << '\n';
  } else if (report) {
    const bool in_files = !options.page.svg.empty() || !options.page.csv.empty();
    if (options.count > 0 && !in_files) std::cout << '\n';
    show(*std::move(report), options.page);
  }
}

void run_sample(SampleOptions options) {
  const Checkpoint checkpoint = load_model(options.model);
  options.prompt = read_prompt(options.prompt, options.prompt_file, checkpoint);
  options.stop = read_stop_strings(options.stop, checkpoint.tokenizer());
  if (!options.data.empty() && !options.report && !options.novel) {
    throw bad_option("--data", one_line(options.data),
                     "it only tells --report and --novel where the training text is: add one of them");
  }
  for (const auto& [name, path] :
       {std::pair("--svg", options.page.svg), std::pair("--csv", options.page.csv)}) {
    if (path == "-") {
      throw bad_option(name, path, "the texts are written to standard output, so the file needs a name");
    }
  }
  if (checkpoint.training().step == 0) {
    std::cerr << "warning: this model is untrained (step 0): what it writes is noise\n";
  }
  with_parameters(checkpoint,
                  [&](const auto& parameters) { write_samples(options, checkpoint, parameters); });
}

}  // namespace

CLI::App& add_sample(CLI::App& program) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App& command = *program.add_subcommand("sample", "Write texts with a trained model, one per line");
  add_model_option(command, options->model);
  command.add_option("-n,--count", options->count, "Number of texts")
      ->check(whole_between(0, 1'000'000'000))
      ->capture_default_str();
  auto* prompt = command.add_option("--prompt", options->prompt,
                                    "Beginning of every text; \\n and other escapes are understood");
  command
      .add_option(
          "--prompt-file", options->prompt_file,
          "The same from a file, as it stands ('-' is standard input); of a model of lines, without the "
          "newline at its end")
      ->check(check_path)
      ->option_text("FILE")
      ->excludes(prompt);
  command
      .add_option(
          "--stop", options->stop,
          "Text that ends what the model writes, and is left out of it; escapes are understood; may be "
          "repeated")
      ->allow_extra_args(false)
      ->option_text("TEXT");
  command
      .add_option("--seed", options->seed, "Seed of the random numbers: the same seed gives the same texts")
      ->check(check_seed)
      ->capture_default_str();

  const char* drawing = "How characters are drawn (default: the run's settings)";
  command
      .add_option("--temperature", options->temperature,
                  "Below 1 safer, above 1 wilder; 0 always takes the most probable character")
      ->check(number_between(0, 100))
      ->group(drawing);
  command.add_option("--top-k", options->top_k, "Draw only from the k most probable characters; 0 is off")
      ->check(whole_between(0, 1'114'112))
      ->group(drawing);
  command
      .add_option("--top-p", options->top_p,
                  "Draw only from the smallest set of characters whose probabilities reach p; 1 is off")
      ->check(number_between(0, 1))
      ->group(drawing);
  command
      .add_option("--min-p", options->min_p,
                  "Draw only from characters at least p times as probable as the likeliest; 0 is off")
      ->check(number_between(0, 1))
      ->group(drawing);
  command
      .add_option("--max-chars", options->max_chars,
                  "Longest text in characters, prompt included (default: the run's sample.max_chars, or its "
                  "block_size)")
      ->check(whole_between(1, 1'000'000'000))
      ->group(drawing);

  const char* news = "New, or copied from the training text";
  auto* novel = command
                    .add_flag("--novel", options->novel,
                              "Print only new texts (neither in the training text nor blank), without "
                              "repeats, until there are -n of them")
                    ->group(news);
  auto* report =
      command
          .add_flag("--report", options->report,
                    "Report at the end how many are new, and how close these are to the training text")
          ->group(news);
  command.add_option("--data", options->data, "Training text, if it was moved")
      ->check(check_path)
      ->option_text("FILE")
      ->group(news);

  const auto shown = add_page_options(command, options->page, "How the report is shown");
  for (CLI::Option* option : shown) option->needs(report);
  shown.front()->description("Write the figures to this file");  // standard output has the texts

  const char* others = "Other options";
  auto* stream =
      command.add_flag("--stream", options->stream, "Print every character as soon as it is drawn")
          ->excludes(novel)
          ->group(others);
  auto* json = command
                   .add_flag("--json", options->page.json,
                             "Print one JSON document: the texts, with the probability of every character")
                   ->excludes(stream)
                   ->group(others);
  command
      .add_flag("--null", options->null,
                "End every text with a NUL byte and nothing else, for scripts: a text may hold blank lines")
      ->excludes(json)
      ->excludes(report)
      ->group(others);
  command.footer(
      "docs/sampling.md explains each setting.\n\n"
      "Example:\n"
      "  microgpt sample --model runs/names-1 -n 5 --prompt ma --temperature 0.8\n"
      "  microgpt sample --model runs/names-1 -n 1000 --report\n"
      "  microgpt sample --model runs/names-1 --max-chars 40 --stop nn");
  command.callback([options] { run_sample(*options); });
  return command;
}

}  // namespace microgpt::cli
