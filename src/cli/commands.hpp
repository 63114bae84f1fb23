// The commands of the program. Each adds itself to the command line: its options, its help and what
// it does.
#pragma once

#include <CLI/CLI.hpp>

namespace microgpt::cli {

void add_train(CLI::App& program);
void add_sample(CLI::App& program);
void add_eval(CLI::App& program);
void add_score(CLI::App& program);
void add_info(CLI::App& program);
void add_study(CLI::App& program);
void add_reference(CLI::App& program);
void add_bench(CLI::App& program);
void add_explain(CLI::App& program);

}  // namespace microgpt::cli
