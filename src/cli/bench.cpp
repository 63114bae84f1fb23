// microgpt bench: how fast training is on this machine, and how near to what its processor can do.
#include "microgpt/bench/bench.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/bench/peak.hpp"

namespace microgpt::cli {

namespace {

struct BenchCommandOptions {
  std::string filter;
  bool quick = false;
  bool json = false;
  bool list = false;
};

/// Middle halves further apart than this are noise worth a word.
constexpr double kNoisy = 0.05;

double share_of_peak(const BenchResult& result, const BenchReport& report) {
  return result.gflops() / (report.peak_gflops.median * result.setting.threads);
}

void print_table(const BenchReport& report) {
  std::printf("peak of one thread: %.1f GFLOP/s (multiply-adds in vectors of %d bits)\n\n",
              report.peak_gflops.median, vector_bits());
  std::printf("%-18s %11s %9s %12s %8s %8s %7s\n", "training", "us/document", "ms/step", "characters/s",
              "GFLOP/s", "of peak", "spread");
  for (const BenchResult& r : report.results) {
    std::printf("%-18s %11.2f %9.4f %12s %8.1f %7.1f%% %6.1f%%\n", r.setting.name.c_str(),
                r.us_per_document(), 1e3 * r.seconds.median,
                with_commas(static_cast<std::size_t>(r.characters_per_second())).c_str(), r.gflops(),
                100 * share_of_peak(r, report), 100 * r.seconds.spread);
  }
  std::printf("\n%-18s", "share of a thread");
  constexpr std::array kShort = {"embed", "norms",   "lin fwd", "attent", "activ",
                                 "loss",  "lin bwd", "w grads", "adam"};
  for (const char* name : kShort) std::printf(" %7s", name);
  std::printf("\n");
  for (const BenchResult& r : report.results) {
    double total = 0;
    for (const double seconds : r.phases) total += seconds;
    std::printf("%-18s", r.setting.name.c_str());
    for (const double seconds : r.phases) std::printf(" %6.1f%%", 100 * seconds / total);
    std::printf("\n");
  }
  std::printf("\n");
  std::fflush(stdout);
}

void print_json(const BenchReport& report) {
  using nlohmann::ordered_json;
  const auto rounded = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return std::stod(text);
  };
  ordered_json document = {{"peak_gflops", rounded(report.peak_gflops.median)},
                           {"peak_spread", rounded(report.peak_gflops.spread)},
                           {"vector_bits", vector_bits()},
                           {"settings", ordered_json::array()}};
  for (const BenchResult& r : report.results) {
    ordered_json phases;
    for (std::size_t i = 0; i < r.phases.size(); ++i) phases[kPhaseNames[i]] = rounded(1e6 * r.phases[i]);
    document["settings"].push_back({{"name", r.setting.name},
                                    {"threads", r.setting.threads},
                                    {"batch_size", r.setting.batch_size},
                                    {"us_per_document", rounded(r.us_per_document())},
                                    {"ms_per_step", rounded(1e3 * r.seconds.median)},
                                    {"spread", rounded(r.seconds.spread)},
                                    {"characters_per_second", rounded(r.characters_per_second())},
                                    {"gflops", rounded(r.gflops())},
                                    {"share_of_peak", rounded(share_of_peak(r, report))},
                                    {"phases_us_per_step", phases}});
  }
  std::cout << document.dump() << '\n';
}

void warn_of_noise(const BenchReport& report) {
  double worst = report.peak_gflops.spread;
  for (const BenchResult& r : report.results) worst = std::max(worst, r.seconds.spread);
  if (worst <= kNoisy) return;
  char text[120];
  std::snprintf(
      text, sizeof text,
      "warning: the machine was busy: repeated measurements lie up to %.0f %% apart; stop other programs",
      100 * worst);
  std::cerr << text << '\n';
}

void run_bench_command(const BenchCommandOptions& options) {
  std::vector<BenchSetting> settings = bench_settings();
  std::erase_if(settings,
                [&](const BenchSetting& s) { return s.name.find(options.filter) == std::string::npos; });
  if (settings.empty()) {
    throw Error(Fault::usage, "bad --filter: no setting has '" + one_line(options.filter)
                                  + "' in its name: microgpt bench --list shows them");
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
  if (!options.json) print_table(report);
  print_json(report);
  warn_of_noise(report);
}

}  // namespace

CLI::App& add_bench(CLI::App& program) {
  auto options = std::make_shared<BenchCommandOptions>();
  CLI::App& command = *program.add_subcommand("bench", "Measure how fast training is on this machine");
  command.add_option("--filter", options->filter, "Only settings with this in their name")
      ->option_text("TEXT");
  command.add_flag("--quick", options->quick, "A few seconds instead of about half a minute; less sure");
  command.add_flag("--json", options->json, "Only the last line, which is one JSON document");
  command.add_flag("--list", options->list, "Name the settings and stop");
  command.footer(
      "A setting is named by text, width, batch and threads; its figures are medians of\n"
      "rounds that take all settings in turn. Nothing is read or written: the texts\n"
      "are made, of the shape of names.txt and tinyshakespeare. docs/speed.md tells\n"
      "what the figures mean.\n\n"
      "Example:\n"
      "  microgpt bench --quick --filter names-c16");
  command.callback([options] { run_bench_command(*options); });
  return command;
}

}  // namespace microgpt::cli
