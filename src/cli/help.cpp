#include "cli/help.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "microgpt/render/text.hpp"

namespace microgpt::cli {

namespace {

constexpr int kHelpWidth = 80;
constexpr std::size_t kNames = 22;     // columns of options and their indent
constexpr std::size_t kCommands = 14;  // of commands

std::string wrapped_text(const std::string& words, int indent, int hang) {
  std::string text;
  for (const std::string& line : render::wrapped(words, {.width = kHelpWidth}, indent, hang))
    text += line + '\n';
  return text;
}

/// What a value is called: what the option says, or else a letter for a number.
std::string value_name(const CLI::Option& option) {
  if (!option.get_option_text().empty()) return option.get_option_text();
  const std::string type = option.get_type_name();
  const std::string kind = type.substr(0, type.find(':'));
  if (option.get_expected_min() == 0) return "";  // a flag
  return kind == "INT" || kind == "UINT" ? "N" : kind == "FLOAT" ? "X" : kind;
}

/// "-n, --count N"
std::string names_of(const CLI::Option& option) {
  std::string names;
  if (option.get_positional() && option.get_lnames().empty()) return value_name(option);
  for (const std::string& name : option.get_snames()) names += "-" + name;
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  const std::string value = value_name(option);
  return names + (value.empty() ? "" : " " + value);
}

std::string about(const CLI::Option& option) {
  const std::string value = option.get_default_str();
  const bool told = value.empty() || option.get_description().find("default") != std::string::npos;
  return option.get_description() + (option.get_required() ? " (required)" : "")
         + (told ? "" : " (default: " + value + ")");
}

/// A name and what there is to say of it beside it, or below it if it is long.
void print_entry(std::ostream& out, const std::string& name, const std::string& meaning,
                 std::size_t width = kNames) {
  std::string head = "  " + name;
  if (head.size() + 2 > width) {
    out << head << '\n';
    head.clear();
  }
  head.resize(width, ' ');
  std::string below = wrapped_text(meaning, static_cast<int>(width), static_cast<int>(width));
  out << head << below.substr(std::min(width, below.size()));
}

bool is_help(const CLI::App& app, const CLI::Option* option) {
  return option == app.get_help_ptr() || option == app.get_version_ptr();
}

/// The groups in the order in which they first occur.
template <class Things>
std::vector<std::string> groups_of(const Things& things) {
  std::vector<std::string> groups;
  for (const auto* thing : things) {
    if (std::find(groups.begin(), groups.end(), thing->get_group()) == groups.end()) {
      groups.push_back(thing->get_group());
    }
  }
  return groups;
}

std::string usage_of(const CLI::App& app, const std::vector<const CLI::Option*>& options, bool commands) {
  std::string name = app.get_name();
  for (const CLI::App* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
    name = parent->get_name() + " " + name;
  }
  std::string usage = name;
  if (commands) {
    usage += app.get_parent() == nullptr ? " COMMAND" : app.get_name() == "explain" ? " TOPIC" : " VIEW";
  }
  for (const CLI::Option* option : options) {
    if (option->get_required() && !option->get_lnames().empty()) usage += " " + names_of(*option);
  }
  for (const CLI::Option* option : options) {
    if (option->get_positional() && option->get_lnames().empty()) {
      usage += option->get_required() ? " " + names_of(*option) : " [" + names_of(*option) + "]";
    }
  }
  return wrapped_text("Usage: " + usage + " [OPTION ...]", 0, 9);
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  std::ostringstream out;
  const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
  std::vector<const CLI::Option*> options, helpful;
  for (const CLI::Option* option : app->get_options()) {
    (is_help(*app, option) ? helpful : options).push_back(option);
  }
  out << app->get_description() << '\n' << usage_of(*app, options, !commands.empty());
  for (const std::string& group : groups_of(commands)) {
    out << '\n' << group << ":\n";
    for (const CLI::App* command : commands) {
      if (command->get_group() == group) {
        print_entry(out, command->get_name(), command->get_description(), kCommands);
      }
    }
  }
  for (const std::string& group : groups_of(options)) {
    out << '\n' << (group == "Options" ? "" : group + ":\n");
    for (const CLI::Option* option : options) {
      if (option->get_group() == group) print_entry(out, names_of(*option), about(*option));
    }
  }
  out << (options.empty() ? "\n" : "");
  for (const CLI::Option* option : helpful) print_entry(out, names_of(*option), about(*option));
  if (!app->get_footer().empty()) out << '\n' << app->get_footer() << '\n';
  return out.str();
}

}  // namespace microgpt::cli
