// How every page is shown: as text on the screen, as JSON, as an SVG or a CSV file.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/render/text.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::cli {

struct PageOptions {
  bool json = false;
  std::string svg, csv, section;
  std::optional<int> lines{};  ///< 60, or any number where an amount was asked for; 0: any number
  int width = 0;
};

/// Registers them under the heading "How it is shown".
void add_page_options(CLI::App& command, PageOptions& options);
/// All but --json, under another heading.
std::vector<CLI::Option*> add_page_options(CLI::App& command, PageOptions& options, const char* heading);

/// Writes the files that the options name, and returns the page that is left: of one section, if they name one. Throws as
/// show() does.
view::Page write_files(view::Page page, const PageOptions& options);

/// Writes the page to standard output or the files that the options name. Throws Error (usage) if a section is named
/// that the page does not have, and Error (io) if a file cannot be written.
/// `whole`: not cut unless the options say so.
void show(view::Page page, const PageOptions& options, bool whole = false);

/// Standard output. Its width is `width`, if that is above 0, or else COLUMNS, or else the terminal's, or else 80.
render::Screen screen(int width = 0);

}  // namespace microgpt::cli
