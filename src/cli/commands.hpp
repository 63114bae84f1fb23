// The commands of the program. Each adds itself to the command line: its options, its help and what
// it does.
#pragma once

#include <CLI/CLI.hpp>

namespace microgpt::cli {

CLI::App& add_train(CLI::App& program);
CLI::App& add_sample(CLI::App& program);
CLI::App& add_eval(CLI::App& program);
CLI::App& add_score(CLI::App& program);
CLI::App& add_info(CLI::App& program);
CLI::App& add_study(CLI::App& program);
CLI::App& add_reference(CLI::App& program);
CLI::App& add_bench(CLI::App& program);
CLI::App& add_explain(CLI::App& program);
CLI::App& add_lab(CLI::App& program);
CLI::App& add_report(CLI::App& program);

}  // namespace microgpt::cli
