// microgpt train: from a config and a text file to a run folder.
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt::cli {

namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string config;
  std::string resume;
  std::string data;
  std::string out;
  std::optional<std::uint64_t> seed;
  std::optional<int> steps;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::string> set;
  bool quiet = false;
  bool json = false;

  [[nodiscard]] bool talks() const { return !quiet && !json; }
};

/// metrics.jsonl: one object a line, numbers with every digit.
class Metrics {
 public:
  /// Opens the file; lines of steps after `last_step` (of a run that goes on from there) are
  /// dropped.
  Metrics(const fs::path& path, int last_step) : path_(path) {
    std::string kept;
    if (fs::exists(path)) {
      std::istringstream lines(read_file(path, Fault::io));
      for (std::string line; std::getline(lines, line);) {
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        if (entry.is_object() && entry.value("step", last_step + 1) <= last_step)
          kept += line + '\n';
      }
    }
    const std::string_view pieces[] = {kept};
    write_file_atomically(path, pieces);
    file_.open(path, std::ios::app);
    check();
  }

  void step(const StepReport& report, bool with_norm) {
    line_ = "{\"step\":" + std::to_string(report.step) + ",\"loss\":" + digits(report.loss)
            + ",\"learning_rate\":" + digits(report.learning_rate)
            + ",\"characters\":" + std::to_string(report.positions);
    if (with_norm) line_ += ",\"grad_norm\":" + digits(report.grad_norm);
    file_ << line_ << "}\n";
    check();
  }

  void held_out(int step, double loss) {
    file_ << "{\"step\":" << step << ",\"held_out_loss\":" << digits(loss) << "}\n" << std::flush;
    check();
  }

  void flush() {
    file_.flush();
    check();
  }

 private:
  void check() const {
    if (!file_) throw Error(Fault::io, "cannot write metrics: " + path_.string());
  }
  /// The shortest decimal that reads back as the same double.
  static std::string digits(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
  }

  fs::path path_;
  std::ofstream file_;
  std::string line_;
};

/// A text ready to train on.
struct PreparedData {
  Dataset dataset;
  Tokenizer tokenizer;
  std::vector<Example> training;
  std::vector<Example> held_out;
};

/// Reads the text, shuffles its documents with the run's generator (its first use) and makes
/// examples of them.
PreparedData prepare(const RunConfig& config, Rng& rng) {
  Dataset dataset = Dataset::load(config.data.path, config.data.documents, ByteOrderMark::drop);
  rng.shuffle(std::span(dataset.documents()));
  Tokenizer tokenizer(dataset.documents());
  const Split split = split_by_hash(dataset.documents(), config.data.held_out);
  const auto block_size = static_cast<std::size_t>(config.model.block_size);
  auto training = make_examples(split.training, block_size, config.data.long_documents);
  auto held_out = make_examples(split.held_out, block_size, config.data.long_documents);
  if (training.empty()) {
    throw Error(Fault::data, "nothing to train on: " + config.data.path
                                 + ": every document is held out: lower data.held_out");
  }
  if (config.data.held_out > 0 && held_out.empty()) {
    throw Error(Fault::data,
                "nothing to judge by: " + config.data.path + ": too few documents to hold out "
                    + std::to_string(config.data.held_out) + " of them: set data.held_out to 0");
  }
  // The parts of a long document would otherwise follow one another in the same batch.
  if (config.data.long_documents == LongDocuments::split) rng.shuffle(std::span(training));
  return {std::move(dataset), std::move(tokenizer), std::move(training), std::move(held_out)};
}

void describe(const RunConfig& config, const PreparedData& data, const RunFolder& folder,
              int threads) {
  const auto sum_characters = [&](const std::vector<std::string_view>& documents) {
    std::size_t characters = 0;
    for (const auto document : documents) characters += document.size();
    return characters;
  };
  const auto& documents = data.dataset.documents();
  std::cout << bold("data ") << "   " << one_line(config.data.path) << ": "
            << with_commas(documents.size())
            << (config.data.documents == DocumentKind::lines ? " lines, " : " paragraphs, ")
            << with_commas(sum_characters(documents)) << " bytes, " << data.tokenizer.vocab_size()
            << " tokens; trained on " << with_commas(data.training.size()) << " examples";
  if (!data.held_out.empty()) std::cout << ", " << with_commas(data.held_out.size()) << " held out";
  std::cout << '\n';
  for (const std::string& notice : data.dataset.notices())
    std::cout << "        " << notice << '\n';
  if (config.data.long_documents == LongDocuments::cut) {
    std::size_t cut = 0;
    for (const Example& example : data.training) cut += example.closes ? 0U : 1U;
    if (cut > 0) {
      std::cout << "        " << with_commas(cut)
                << " documents are longer than block_size and are cut\n";
    }
  }
  const ModelConfig& model = config.model;
  std::cout << bold("model") << "   " << model.n_layer
            << (model.n_layer == 1 ? " layer" : " layers") << ", width " << model.n_embd << ", "
            << model.n_head << (model.n_head == 1 ? " head" : " heads") << ", context "
            << model.block_size << ": "
            << with_commas(static_cast<std::size_t>(parameter_count(model)))
            << " parameters; batches of " << config.train.batch_size << ", " << threads
            << (threads == 1 ? " thread\n" : " threads\n") << bold("run  ") << "   "
            << one_line(folder.path.string()) << '\n'
            << std::flush;
}

/// The part of a run that depends on the precision.
template <class T>
void train(const TrainOptions& options, const RunConfig& config, const PreparedData& data,
           const RunFolder& folder, TrainState<T>& state, Rng& rng) {
  Metrics metrics(folder.metrics(), state.step);
  std::ofstream samples_file(folder.samples());
  if (!samples_file) throw Error(Fault::io, "cannot write samples: " + folder.samples().string());

  Trainer<T> trainer(config.model, config.train, data.tokenizer, data.training, state,
                     options.threads);
  Progress progress(state.step, config.train.steps, !options.talks());
  std::optional<double> held_out_loss;
  int saved_step = -1;

  const auto evaluate = [&] {
    if (data.held_out.empty()) return;
    held_out_loss = trainer.evaluate(data.held_out);
    metrics.held_out(state.step, *held_out_loss);
    progress.held_out(*held_out_loss);
  };
  const auto save = [&] {
    metrics.flush();
    save_checkpoint<T>(folder.checkpoint(state.step), config, data.tokenizer,
                       {state.step, data.dataset.digest(), rng.state(), held_out_loss}, state);
    saved_step = state.step;
  };
  const auto due = [&](int every) { return every > 0 && state.step % every == 0; };

  while (state.step < config.train.steps) {
    const StepReport report = trainer.step();
    held_out_loss.reset();
    metrics.step(report, config.train.grad_clip > 0);
    const bool last = state.step == config.train.steps;
    if (due(config.eval_every) || last) evaluate();
    progress.step(report.step, report.loss, report.positions);
    if (due(config.checkpoint_every) || last) save();
    if (interrupted() && !last) {
      if (saved_step != state.step) save();
      progress.finish();
      throw Interrupted("stopped after step " + std::to_string(state.step)
                        + "; go on with: microgpt train --resume "
                        + one_line(folder.path.string()));
    }
  }
  const double seconds = progress.seconds();
  progress.finish();

  std::set<std::string_view> known(data.dataset.documents().begin(),
                                   data.dataset.documents().end());
  int invented = 0;
  nlohmann::json texts = nlohmann::json::array();
  if (options.talks()) {
    std::cout << bold("trained") << " " << config.train.steps << " steps in ";
    char line[200];
    std::snprintf(line, sizeof line, "%.2f s; loss %.4f (mean of the last 100 steps)", seconds,
                  progress.mean_loss());
    std::cout << line;
    if (held_out_loss) {
      std::snprintf(line, sizeof line,
                    ", held out %.4f nats a character (%.3f bits, perplexity %.2f)", *held_out_loss,
                    *held_out_loss / std::log(2.0), std::exp(*held_out_loss));
      std::cout << line;
    }
    std::cout << '\n';
    if (config.sample.count > 0) std::cout << bold("samples") << '\n';
  }
  sample_texts<T>(config.model, state.parameters, data.tokenizer, config.sample, {}, rng,
                  [&](const std::string& text) {
                    invented += known.contains(text) ? 0 : 1;
                    samples_file << text
                                 << (config.data.documents == DocumentKind::lines ? "\n" : "\n\n");
                    if (options.talks())
                      std::cout << as_document(text, config.data.documents) << '\n';
                    texts.push_back(text);
                  });
  samples_file.close();
  if (!samples_file) throw Error(Fault::io, "cannot write samples: " + folder.samples().string());

  if (options.talks() && config.sample.count > 0) {
    std::cout << invented << " of these " << config.sample.count
              << " are new: they are not in the text.\n"
              << "More of them: microgpt sample --model " << one_line(folder.path.string()) << '\n';
  }
  if (options.json) {
    nlohmann::ordered_json result = {{"run", folder.path.string()},
                                     {"steps", config.train.steps},
                                     {"parameters", parameter_count(config.model)},
                                     {"seconds", seconds},
                                     {"characters_per_second", progress.characters_per_second()},
                                     {"loss_mean_100", progress.mean_loss()}};
    result["held_out_loss"] =
        held_out_loss ? nlohmann::ordered_json(*held_out_loss) : nlohmann::ordered_json();
    result["new_samples"] = invented;
    result["samples"] = texts;
    // The folder's name may be any bytes; JSON is UTF-8.
    std::cout << result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
}

/// A config that cannot fit is refused before anything is allocated, and before a folder is made.
void check_memory(const RunConfig& config, const std::string& where) {
  const auto C = static_cast<double>(config.model.n_embd);
  const auto L = static_cast<double>(config.model.n_layer);
  const auto T = static_cast<double>(config.model.block_size);
  const auto V = static_cast<double>(config.model.vocab_size);
  const auto lane = static_cast<double>(
      std::min<std::size_t>(static_cast<std::size_t>(config.train.batch_size), kLaneDocuments));
  const auto lanes = std::ceil(config.train.batch_size / static_cast<double>(kLaneDocuments));
  const double weights = (2 * V + T) * C + 12 * L * C * C;
  const double activations =
      lane * T * (L * (18 * C + 2.0 * config.model.n_head * T) + 3 * C + 2 * V);
  const double bytes = (config.precision == Precision::float32 ? 4.0 : 8.0)
                       * (weights * (3 + lanes) + 2 * activations);
  const double limit =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes > limit) {
    char text[80];
    std::snprintf(text, sizeof text, "about %.0f GiB of memory, this machine has %.0f",
                  bytes / (1 << 30), limit / (1 << 30));
    throw Error(Fault::data, "too large: " + where + ": this run needs " + text
                                 + ": lower model.* or train.batch_size");
  }
}

template <class T>
void start(const TrainOptions& options, const RunConfig& config, const PreparedData& data,
           const RunFolder& folder, Rng& rng) {
  TrainState<T> state(config.model);
  initialize(state.parameters, config.init, rng);
  train<T>(options, config, data, folder, state, rng);
}

void run_new(const TrainOptions& options) {
  std::vector<std::string> overrides = options.set;
  if (options.seed) overrides.push_back("seed=" + std::to_string(*options.seed));
  if (options.steps) overrides.push_back("train.steps=" + std::to_string(*options.steps));
  RunConfig config = load_run_config(options.config, overrides);
  if (!options.data.empty()) config.data.path = options.data;
  if (config.data.path.empty()) {
    throw Error(Fault::data,
                "no text to train on: " + options.config + " names none: give --data FILE");
  }

  Rng rng(config.seed);
  const PreparedData data = prepare(config, rng);
  config.data.path = fs::absolute(config.data.path).lexically_normal().string();
  if (find_invalid_utf8(config.data.path) != std::string::npos) {
    throw Error(Fault::data, "bad path: " + config.data.path
                                 + ": it is not valid UTF-8, so that config.json cannot hold it: "
                                   "rename the file or its folder");
  }
  config.model.vocab_size = data.tokenizer.vocab_size();
  check_memory(config, options.config);

  const RunFolder folder =
      options.out.empty() ? RunFolder::create_next("runs", fs::path(options.config).stem().string())
                          : RunFolder::create(options.out);
  const std::string effective = to_json(config).dump(2) + '\n';
  const std::string_view pieces[] = {effective};
  write_file_atomically(folder.config(), pieces);
  if (options.talks()) describe(config, data, folder, options.threads);

  if (config.precision == Precision::float32) {
    start<float>(options, config, data, folder, rng);
  } else {
    start<double>(options, config, data, folder, rng);
  }
}

void run_resumed(const TrainOptions& options) {
  if (!options.out.empty() || options.seed || options.steps || !options.set.empty()) {
    throw Error(Fault::usage,
                "bad options: --resume goes on with the run as it was: only --data, --threads, "
                "--quiet and --json go with it");
  }
  if (!fs::is_directory(options.resume)) {
    throw Error(Fault::usage, "bad --resume: " + options.resume + ": it must be a run folder");
  }
  const Checkpoint checkpoint = load_model(options.resume);
  RunConfig config = checkpoint.config();
  if (!options.data.empty()) config.data.path = options.data;
  if (checkpoint.training().step >= config.train.steps) {
    throw Error(Fault::usage, "nothing to resume: " + options.resume + ": the run has done all its "
                                  + std::to_string(config.train.steps) + " steps");
  }
  Rng rng(config.seed);
  const PreparedData data = prepare(config, rng);
  if (data.dataset.digest() != checkpoint.training().data_sha256) {
    throw Error(Fault::data,
                "cannot resume: " + config.data.path
                    + ": it is not the text the run was trained on (its SHA-256 differs)");
  }
  rng.set_state(checkpoint.training().rng);

  const RunFolder folder{options.resume};
  if (options.talks()) {
    describe(config, data, folder, options.threads);
    std::cout << bold("resumed") << " after step " << checkpoint.training().step << '\n';
  }
  if (config.precision == Precision::float32) {
    auto state = checkpoint.train_state<float>();
    train<float>(options, config, data, folder, state, rng);
  } else {
    auto state = checkpoint.train_state<double>();
    train<double>(options, config, data, folder, state, rng);
  }
}

}  // namespace

void add_train(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = *program.add_subcommand("train", "Train a model on a text file");
  auto* config =
      command.add_option("--config", options->config, "JSON file that describes the run");
  auto* resume = command.add_option("--resume", options->resume,
                                    "Run folder to go on with, to the same bytes");
  config->excludes(resume);
  command.add_option("--data", options->data, "Text file (default: the config's data.path)");
  command.add_option("--out", options->out,
                     "Run folder, new or empty (default: runs/<config>-1, -2, …)");
  command.add_option("--seed", options->seed, "Seed of all random numbers (default: the config's)")
      ->check(check_seed);
  command.add_option("--steps", options->steps, "Updates (default: the config's)");
  command
      .add_option("--threads", options->threads, "Changes the time a run takes, never its result")
      ->check(CLI::Range(1, 1024))
      ->default_str("all cores");
  command
      .add_option("--set", options->set,
                  "Override any key of the config, as in --set train.steps=500")
      ->allow_extra_args(false);
  command.add_flag("--quiet", options->quiet, "Say nothing unless something goes wrong");
  command.add_flag("--json", options->json, "Print one JSON document at the end instead of words");
  command.footer(
      "Ctrl-C saves a checkpoint and stops; --resume goes on from it.\n\n"
      "Example:\n  microgpt train --config configs/names.json --data my_lines.txt --set "
      "train.steps=500");
  command.callback([options] {
    if (options->config.empty() && options->resume.empty()) {
      throw CLI::RequiredError("--config or --resume");
    }
    watch_for_interrupt();
    options->resume.empty() ? run_new(*options) : run_resumed(*options);
  });
}

}  // namespace microgpt::cli
