#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

std::string& stored_program_name() {
  static std::string name = "microgpt";
  return name;
}

}  // namespace

void set_program_name(const std::string& name) {
  stored_program_name() = shell_quoted(name);
}
const std::string& program_name() {
  return stored_program_name();
}

std::string one_line(const std::string& text) {
  return printable(text);
}

std::string shell_quoted(const std::string& word) {
  const std::string name = word.starts_with('-') ? "./" + word : word;  // not to be taken for an option
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) return name;
  std::string quoted = "'";
  if (printable(name) == name) {
    for (const char c : name) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + "'";
  }
  for (const char c : name) {  // what must not reach a terminal: $'...', with bytes as three octal digits
    const auto byte = static_cast<unsigned char>(c);
    quoted +=
        byte < 0x20 || byte > 0x7e || c == '\'' || c == '\\' ? format("\\%03o", byte) : std::string(1, c);
  }
  return "$" + quoted + "'";
}

std::string nats_text(double nats) {
  return format(nats < 1e6 ? "%.4f" : "%.2e", nats);
}

std::string bits_text(double nats) {
  const double bits = nats / std::log(2.0);
  return format(bits < 1e6 ? "%.3f" : "%.2e", bits);
}

std::string perplexity_text(double nats) {
  const double perplexity = std::exp(nats);
  return std::isinf(perplexity) ? "above 1e308" : format(perplexity < 1e6 ? "%.2f" : "%.2e", perplexity);
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

bool stdout_has_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return stdout_is_terminal() && (no_color == nullptr || *no_color == '\0') && term != nullptr
         && std::string_view(term) != "dumb";
}

std::string bold(const std::string& text) {
  return stdout_has_colours() ? "\x1b[1m" + text + "\x1b[0m" : text;
}

}  // namespace microgpt::cli
