// The program `microgpt`: a table of commands, one place where errors become a line and an exit
// code.
#include <fcntl.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <new>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/interrupt.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/nn/fast/forms.hpp"

namespace {

using microgpt::Error;
using microgpt::Fault;

std::string version() {
  const microgpt::fast::Form& form = microgpt::fast::form();
  return std::string("microgpt " MICROGPT_VERSION "\nkernels: ") + form.name + " (" + form.instructions + ")";
}

int complain(const std::string& message, Fault fault) {
  std::cerr << "error: " << microgpt::cli::one_line(message) << '\n';
  return static_cast<int>(fault);
}

/// Whoever starts the program with a closed standard output must not find its words in the next file that is
/// opened: the numbers 0 to 2 are taken, in a way that writing to standard output fails.
void open_standard_streams() {
  for (const int descriptor : {0, 1, 2}) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      static_cast<void>(::open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace microgpt::cli;
  open_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of the write, as a full disk is
  if (argc > 0) set_program_name(argv[0]);
  CLI::App program("A tiny character-level GPT: train it on a text file, sample from it, study it.",
                   "microgpt");
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_help_flag("-h,--help", "Show this help and exit");
  program.set_version_flag("--version", version,
                           "Show the version, and what the kernels are compiled for here");
  program.require_subcommand(0, 1);  // none: said below, after unknown words have been named
  program.footer(
      "'microgpt COMMAND --help' describes a command.\n"
      "Exit codes: 0 done, 2 command line, 3 text or config, 4 model, 5 files,\n"
      "6 numbers no longer finite, 130 stopped by Ctrl-C.\n\n"
      "Example:\n"
      "  microgpt train my.txt\n"
      "  microgpt sample runs/my-1 -n 5 --prompt ma");
  const auto group = [&](const char* heading, std::initializer_list<CLI::App& (*)(CLI::App&)> commands) {
    for (const auto add : commands) add(program).group(heading);
  };
  group("Train a model and write with it", {add_train, add_sample, add_info});
  group("Judge it", {add_eval, add_score});
  group("Look inside", {add_explain, add_study, add_lab, add_report});
  group("microgpt.py itself, and speed", {add_reference, add_bench});

  try {
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) throw CLI::RequiredError("A command");
    std::cout.flush();
    if (!std::cout) return complain("cannot write standard output", Fault::io);
    return 0;
  } catch (const CLI::Success& help) {
    program.exit(help);  // --help, --version
    std::cout.flush();
    return std::cout ? 0 : complain("cannot write standard output", Fault::io);
  } catch (const CLI::ParseError& error) {
    return complain(usage_message(program, error, {argv, static_cast<std::size_t>(argc)}), Fault::usage);
  } catch (const Interrupted& interrupted) {
    std::cerr << interrupted.what() << '\n';
    return 130;
  } catch (const Error& error) {
    std::cout.flush();
    return complain(error.what(), error.fault());
  } catch (const std::bad_alloc&) {
    return complain("out of memory: a smaller model, batch or text needs less", Fault::io);
  } catch (const std::exception& error) {
    return complain(std::string("this should not happen: ") + error.what(), Fault::io);
  }
}
