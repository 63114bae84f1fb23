// microgpt bench: how fast training is on this machine, and how near to what its processor can do.
#include "microgpt/bench/bench.hpp"

#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/view/report/bench_report.hpp"

namespace microgpt::cli {

namespace {

struct BenchCommandOptions {
  std::string filter;
  bool quick = false;
  bool list = false;
  bool large = false;
  bool growth = false;
  PageOptions page;
};

void run_bench_command(const BenchCommandOptions& options) {
  std::vector<BenchSetting> settings = bench_settings(options.growth  ? BenchSet::growth
                                                      : options.large ? BenchSet::large
                                                                      : BenchSet::usual);
  std::erase_if(settings,
                [&](const BenchSetting& s) { return s.name.find(options.filter) == std::string::npos; });
  if (settings.empty()) {
    throw bad_option("--filter", one_line(options.filter),
                     "no setting has this in its name: microgpt bench --list shows them");
  }
  if (options.list) {
    for (const BenchSetting& setting : settings) std::cout << setting.name << '\n';
    return;
  }
  const bool live = stderr_is_terminal();
  const BenchReport report = run_bench(
      settings, options.quick ? BenchOptions{.rounds = 5, .seconds = 0.02} : BenchOptions{},
      [&](int done, int total) {
        if (live) std::cerr << "\r\033[K" << (done < total ? std::to_string(100 * done / total) + " %" : "");
      });
  show(view::bench_report(report), options.page, true);  // measuring again would give other figures
  if (report.worst_spread() > kNoisySpread) {
    std::cerr << format(
        "warning: the machine was busy: repeated measurements are up to %.0f %% apart; stop other programs\n",
        100 * report.worst_spread());
  }
}

}  // namespace

CLI::App& add_bench(CLI::App& program) {
  auto options = std::make_shared<BenchCommandOptions>();
  CLI::App& command = *program.add_subcommand("bench", "Measure how fast training is on this machine");
  command.add_option("--filter", options->filter, "Measure only the settings with this text in their name")
      ->option_text("TEXT");
  command.add_flag("--quick", options->quick, "Take some seconds instead of a minute; less precise");
  auto* large =
      command.add_flag("--large", options->large,
                       "Measure a model of 85 million parameters as well: 3 GB of memory, some minutes");
  command
      .add_flag("--growth", options->growth,
                "Measure instead how time and memory grow with width, context and batch")
      ->excludes(large);
  command.add_flag("--list", options->list, "Name the settings and exit");
  add_page_options(command, options->page);
  command.footer(
      "A setting is named by text, width, batch and threads; its figures are medians of\n"
      "rounds that measure all settings in turn. Nothing is read or written: the texts\n"
      "are generated, with the shape of names.txt and tinyshakespeare. docs/speed.md\n"
      "explains the figures.\n\n"
      "Example:\n"
      "  microgpt bench --quick --filter names-c16");
  command.callback([options] { run_bench_command(*options); });
  return command;
}

}  // namespace microgpt::cli
