#include "cli/page.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/render/csv.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/render/svg.hpp"

namespace microgpt::cli {

namespace {

constexpr int kNarrowest = 20;

int to_width(const char* text) {
  if (text == nullptr) return 0;
  const std::string_view digits = text;
  int width = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
  return failed == std::errc() && end == digits.data() + digits.size() ? width : 0;
}

/// To a file, or with "-" to standard output.
void write(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text;
    return;
  }
  const std::string_view pieces[] = {text};
  write_file_atomically(path, pieces);
  std::cerr << "wrote " << one_line(path) << '\n';
}

void keep_section(view::Page& page, const std::string& key) {
  std::string keys;
  for (const view::Section& section : page.sections) keys += (keys.empty() ? "" : ", ") + section.key;
  std::erase_if(page.sections, [&](const view::Section& section) { return section.key != key; });
  if (page.sections.empty()) {
    throw bad_option("--section", key, "the sections are " + keys);
  }
}

}  // namespace

render::Screen screen(int width) {
  render::Screen out;
  if (width <= 0) width = to_width(std::getenv("COLUMNS"));
  if (width <= 0) width = terminal_columns();
  if (width > 0) out.width = std::max(kNarrowest, width);
  out.colours = stdout_has_colours();
  return out;
}

std::vector<CLI::Option*> add_page_options(CLI::App& command, PageOptions& options, const char* heading) {
  std::vector<CLI::Option*> added = {
      command.add_option("--svg", options.svg, "Write the figures to this file; '-' is standard output")
          ->check(check_path)
          ->option_text("FILE"),
      command
          .add_option("--csv", options.csv,
                      "Write a table to this file: that of --section, or else the first")
          ->check(check_path)
          ->option_text("FILE"),
      command
          .add_option("--section", options.section,
                      "Show only the section with this key (--json has the keys)")
          ->option_text("KEY"),
      command
          .add_option("--lines", options.lines,
                      "Longest page, in lines: tables are cut until it fits; 0 shows everything")
          ->check(whole_between(0, 1'000'000'000))
          ->default_str("60, or all that was asked for by number"),
      command.add_option("--width", options.width, "Columns of the screen (default: the terminal's, or 80)")
          ->check(whole_between(kNarrowest, 10000))};
  for (CLI::Option* option : added) option->group(heading);
  return added;
}

void add_page_options(CLI::App& command, PageOptions& options) {
  const char* heading = "How it is shown";
  add_page_options(command, options, heading);
  command.add_flag("--json", options.json, "Print one JSON document, with every digit (docs/pages.md)")
      ->group(heading);
}

view::Page write_files(view::Page page, const PageOptions& options) {
  if (!options.section.empty()) keep_section(page, options.section);
  // Both are made before one is written: a page may have tables and no figures.
  const std::string csv =
      options.csv.empty() ? "" : render::to_csv(render::find_table(page, options.section));
  const std::string svg = options.svg.empty() ? "" : render::to_svg(page, options.section);
  if (!options.csv.empty()) write(options.csv, csv);
  if (!options.svg.empty()) write(options.svg, svg);
  return page;
}

void show(view::Page page, const PageOptions& options, bool whole) {
  page = write_files(std::move(page), options);
  if (options.json) {
    // Names of files may be any bytes; JSON is UTF-8.
    std::cout << render::to_json(page).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << '\n';
  } else if (options.csv.empty() && options.svg.empty()) {
    render::Screen out = screen(options.width);
    out.lines = options.lines.value_or(whole ? 0 : out.lines);
    std::cout << render::to_text(page, out);
  }
}

}  // namespace microgpt::cli
