// What is said of a command line that cannot be understood.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>

namespace microgpt::cli {

/// One line. Words nobody knows come first: what is missing may be what was misspelt.
std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          std::span<char* const> arguments);

/// How a name is suggested: "; did you mean 'train'?", or nothing where no name is near.
std::string suggestion(const std::string& word, std::span<const std::string> names);

}  // namespace microgpt::cli
