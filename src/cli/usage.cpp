#include "cli/usage.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"
#include "microgpt/text/nearest.hpp"

namespace microgpt::cli {

namespace {

using Apps = std::vector<const CLI::App*>;

/// The program, the command that was named, and its view.
Apps chain_of(const CLI::App& program) {
  Apps chain = {&program};
  while (!chain.back()->get_subcommands().empty()) chain.push_back(chain.back()->get_subcommands().front());
  return chain;
}

std::string name_of(const Apps& chain) {
  std::string name;
  for (const CLI::App* app : chain) name += (name.empty() ? "" : " ") + app->get_name();
  return name;
}

std::string without_dashes(const std::string& word) {
  return word.substr(std::min(word.find_first_not_of('-'), word.size()));
}

/// Every name an option of the command has, with its dashes.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// What a command's commands are called.
const char* kind_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "command";
  return app.get_name() == "explain" ? "topic" : "view";
}

std::string unknown_option(const CLI::App& app, std::string word) {
  word = word.substr(0, word.find('='));
  const std::string words = "unknown option '" + one_line(word) + "'";
  for (const CLI::App* command : app.get_subcommands({})) {
    const auto names = options_of(*command);
    if (std::find(names.begin(), names.end(), word) != names.end()) {
      return words + " here; it goes after the " + kind_of(app);
    }
  }
  const auto names = options_of(app);
  std::vector<std::string> bare;
  for (const std::string& name : names) bare.push_back(without_dashes(name));
  const auto near = near_name(without_dashes(word), bare);
  if (!near) return words;
  const auto at = std::find(bare.begin(), bare.end(), *near) - bare.begin();
  return words + "; did you mean '" + names[static_cast<std::size_t>(at)] + "'?";
}

/// What is wrong with the first word that no command took; nothing if all were taken.
std::string unknown_word(const Apps& chain) {
  for (const CLI::App* app : chain) {
    for (const std::string& word : app->remaining()) {
      if (word == "--") continue;
      if (word.size() > 1 && word[0] == '-') return unknown_option(*app, word);
      const auto names = commands_of(*app);
      const std::string unknown =
          (names.empty() ? "unexpected argument" : std::string("unknown ") + kind_of(*app)) + " '"
          + one_line(word) + "'";
      if (app->get_parent() != nullptr && !names.empty() && !near_name(word, names)) {
        return unknown + ": there are " + list_of(names);
      }
      const auto options = options_of(*app);
      const bool undashed = std::find(options.begin(), options.end(), "--" + word) != options.end();
      return unknown + (undashed ? "; did you mean '--" + word + "'?" : suggestion(word, names));
    }
  }
  return "";
}

/// The option as it was typed: -n, not --count.
std::string as_typed(const CLI::App& app, const std::string& name, std::span<char* const> arguments) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->check_name(name)) continue;
    const auto typed = [&](const std::string& one) {
      return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
        return argument.starts_with(one) && (one.starts_with("--") ? argument == one : argument[1] != '-');
      });
    };
    for (const std::string& other : option->get_snames()) {
      if (!typed(name) && typed("-" + other)) return "-" + other;
    }
  }
  return name;
}

/// The parser's own words, where a person might not understand them, in ours.
std::string plain_words(const CLI::App& app, const CLI::ParseError& error, std::span<char* const> arguments) {
  const std::string words = error.what();
  const auto between = [&](std::string_view middle) {  // "A" and "B" of "A<middle>B"
    const std::size_t at = words.find(middle);
    if (at == std::string::npos) return std::pair<std::string, std::string>();
    return std::pair(words.substr(0, at), words.substr(at + middle.size()));
  };
  const std::string& kind = error.get_name();
  if (kind == "ArgumentMismatch") {
    const auto [name, rest] = between(": ");
    const std::string typed = as_typed(app, name, arguments);
    if (rest.ends_with(" missing")) return typed + " needs a value";
    if (rest.starts_with("At Most 1 ")) return typed + " is given more than once";
  }
  if (kind == "ValidationError") {
    const auto [name, rest] = between(": ");
    return as_typed(app, name, arguments) + ": " + rest;
  }
  if (kind == "ExcludesError") {
    const auto [name, other] = between(" excludes ");
    return name + " and " + other + " do not go together";
  }
  if (kind == "RequiresError") {
    const auto [name, other] = between(" requires ");
    return name + " goes only with " + other;
  }
  if (kind == "ConversionError") {
    const auto [name, value] = between(" = ");
    if (name.starts_with("Could not convert: ")) {
      return "cannot read '" + value + "' as the value of " + as_typed(app, name.substr(19), arguments);
    }
  }
  if (kind == "RequiredError" && app.get_parent() != nullptr && !commands_of(app).empty()) {
    return name_of({&app}) + " needs a " + kind_of(app) + ": " + list_of(commands_of(app));
  }
  return words;
}

}  // namespace

std::string suggestion(const std::string& word, std::span<const std::string> names) {
  const auto near = near_name(word, names);
  return near ? "; did you mean '" + *near + "'?" : "";
}

std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          std::span<char* const> arguments) {
  const Apps chain = chain_of(program);
  std::string words = unknown_word(chain);
  if (words.empty()) words = plain_words(*chain.back(), error, arguments);
  return words.ends_with('?') ? words : words + ": see " + name_of(chain) + " --help";
}

}  // namespace microgpt::cli
