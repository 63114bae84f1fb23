// microgpt lab and microgpt report: the lab as one HTML file, with a run of one's own in it or without.
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/lab_page.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/run/carried_run.hpp"

namespace microgpt::cli {

namespace {

/// To a file, or with "-" to standard output.
void write_page(const std::string& path, std::string_view page) {
  if (path == "-") {
    std::cout << page;
    return;
  }
  const std::string_view pieces[] = {page};
  write_file_atomically(path, pieces);
  std::cerr << "wrote " << one_line(path) << ": open it in a browser\n";
}

void run_report(const std::string& run, const std::string& out) {
  const CarriedRun carried = carried_run(run);
  if (carried.left_out > 0) {
    std::cerr << "note: " << counted(carried.left_out, "checkpoint") << " of "
              << carried.steps.size() + carried.left_out
              << " left out, so that the page stays small; the others are spread evenly over the run\n";
  }
  if (!carried.text_left_out.empty()) {
    std::cerr << "note: the page has no training text, so it shows no held-out loss: "
              << one_line(carried.text_left_out) << '\n';
  }
  write_page(out, page_with_run(lab_page(), carried.json));
}

}  // namespace

CLI::App& add_lab(CLI::App& program) {
  auto out = std::make_shared<std::string>("lab.html");
  CLI::App& command =
      *program.add_subcommand("lab", "Write the lab: a page that trains models and takes them apart");
  command
      .add_option("-o,--out", *out,
                  "File to write the page to; one that is there is replaced; '-' is standard output")
      ->check(check_path)
      ->option_text("FILE")
      ->capture_default_str();
  command.footer(
      "The page is one file that needs no network and no server: open it from disk.\n"
      "docs/lab.md describes it.\n\n"
      "Example:\n  microgpt lab -o lab.html");
  command.callback([out] { write_page(*out, lab_page()); });
  return command;
}

CLI::App& add_report(CLI::App& program) {
  struct ReportOptions {
    std::string run;
    std::string out = "report.html";
  };
  auto options = std::make_shared<ReportOptions>();
  CLI::App& command =
      *program.add_subcommand("report", "Write the lab with a run of yours in it, and open on that");
  command.add_option("RUN", options->run, "Run folder or checkpoint file")->required()->option_text("RUN");
  command
      .add_option("-o,--out", options->out,
                  "File to write the page to; one that is there is replaced; '-' is standard output")
      ->check(check_path)
      ->option_text("FILE")
      ->capture_default_str();
  command.footer(
      "The page holds the run's config, loss curve, samples and checkpoints, and its\n"
      "training text if that is at most 8 MB: whoever gets the file can read them.\n\n"
      "Example:\n  microgpt report runs/names-1 -o names.html");
  command.callback([options] { run_report(options->run, options->out); });
  return command;
}

}  // namespace microgpt::cli
