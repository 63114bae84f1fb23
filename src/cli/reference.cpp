// microgpt reference: what microgpt.py prints, byte for byte.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/memory.hpp"
#include "microgpt/reference/microgpt.hpp"
#include "microgpt/text/dataset.hpp"

namespace microgpt::cli {

namespace {

struct ReferenceOptions {
  std::string data;
  std::string losses;
  reference::Options run;
  std::string revision = "latest";
  std::string seed = "42";
};

/// Python seeds with the absolute value of any whole number; here it must fit 64 bits.
std::uint64_t parse_seed(const std::string& text) {
  const std::string digits = text.starts_with('-') ? text.substr(1) : text;
  std::uint64_t seed = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
  if (failed != std::errc() || end != digits.data() + digits.size()) {
    throw bad_option("--seed", one_line(text), "must be a whole number of at most 64 bits");
  }
  return seed;
}

/// Every parameter is a node of the tape, and at each position its product with an input is one: about 64
/// bytes a node.
void check_reference_memory(const reference::Options& run, const Dataset& dataset) {
  std::size_t longest = 0;  // of the documents, in bytes
  for (const auto document : dataset.documents()) longest = std::max(longest, document.size());
  const double T = run.block_size.value_or(8), C = run.n_embd, L = run.n_layer;
  const double parameters = T * C + 12 * L * C * C;
  const double positions = std::min(T, static_cast<double>(longest) + 1);
  require_memory(64 * parameters * (1 + positions), "microgpt reference",
                 "lower --n-layer, --n-embd or --block-size");
}

void run_reference(ReferenceOptions& options) {
  options.run.revision =
      options.revision == "latest" ? reference::Revision::latest : reference::Revision::course;
  options.run.seed = parse_seed(options.seed);
  const auto dataset = Dataset::load(options.data, DataMode::lines, ByteOrderMark::keep);
  check_reference_memory(options.run, dataset);
  if (options.losses.empty()) {
    reference::run(dataset.documents(), options.run, std::cout);
    return;
  }
  std::ofstream losses(options.losses);  // before training starts
  const auto check = [&] {
    if (!losses) throw Error(Fault::io, {.what = "cannot write losses", .where = options.losses});
  };
  check();
  reference::run(dataset.documents(), options.run, std::cout, [&](double loss) {
    char line[32];
    std::snprintf(line, sizeof line, "%.17g\n", loss);
    losses << line;
  });
  losses.close();
  check();
}

}  // namespace

CLI::App& add_reference(CLI::App& program) {
  auto options = std::make_shared<ReferenceOptions>();
  CLI::App& command =
      *program.add_subcommand("reference", "Run microgpt.py itself, in C++: the same output, byte for byte");
  command.add_option("--data", options->data, "Text file, one document per line")
      ->check(check_path)
      ->required()
      ->option_text("FILE");
  command
      .add_option("--num-steps", options->run.num_steps, "Training steps (default: latest 1000, course 500)")
      ->check(whole_between(0, 1'000'000'000));
  command.add_option("--samples", options->run.samples, "Number of names to sample")
      ->check(whole_between(0, 1'000'000'000))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Seed of all random numbers")
      ->option_text("N")
      ->capture_default_str();
  command.add_option("--revision", options->revision, "Which microgpt.py: latest or course")
      ->check(one_of({"latest", "course"}))
      ->capture_default_str()
      ->option_text("WHICH");
  command.add_option("--losses", options->losses, "Write each step's loss to this file, with 17 digits")
      ->check(check_path)
      ->option_text("FILE");

  const char* size = "The model's size";
  command.add_option("--n-layer", options->run.n_layer, "Transformer blocks")
      ->check(whole_between(0, 1'000'000'000))
      ->capture_default_str()
      ->group(size);
  command.add_option("--n-embd", options->run.n_embd, "Width")
      ->check(whole_between(1, 1'000'000'000))
      ->capture_default_str()
      ->group(size);
  command.add_option("--n-head", options->run.n_head, "Attention heads")
      ->check(whole_between(1, 1'000'000'000))
      ->capture_default_str()
      ->group(size);
  command
      .add_option("--block-size", options->run.block_size, "Longest context (default: latest 16, course 8)")
      ->check(whole_between(1, 1'000'000'000))
      ->group(size);
  command.footer(
      "Example:\n"
      "  microgpt reference --data data/names.txt --num-steps 100 --losses losses.txt");
  command.callback([options] { run_reference(*options); });
  return command;
}

}  // namespace microgpt::cli
