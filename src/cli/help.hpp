// How --help looks: what one needs first stands first, in lines of at most 80 columns.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace microgpt::cli {

/// The group of an option or a command is the heading it stands under; those without one stand first.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace microgpt::cli
