#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string_view>

#include "cli/table.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/width.hpp"

namespace microgpt::cli {

namespace {

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string rate(double per_second) {
  if (per_second >= 1e6) return format("%.1fM", per_second / 1e6);
  if (per_second >= 1e3) return format("%.0fk", per_second / 1e3);
  return format("%.0f", per_second);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return format("%lds", whole);
  if (whole < 3600) return format("%ldm%02lds", whole / 60, whole % 60);
  return format("%ldh%02ldm", whole / 3600, whole / 60 % 60);
}

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

std::string bold(const std::string& text) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool plain = !stdout_is_terminal() || (no_color != nullptr && *no_color != '\0') || term == nullptr
                     || std::string_view(term) == "dumb";
  return plain ? text : "\x1b[1m" + text + "\x1b[0m";
}

Progress::Progress(int first_step, int steps, bool quiet, double budget)
    : first_step_(first_step),
      steps_(steps),
      quiet_(quiet),
      live_(!quiet && stdout_is_terminal()),
      budget_(budget) {
  window_.reserve(kWindow);
}

void Progress::step(int step, double loss, std::size_t characters) {
  characters_ += characters;
  if (window_.size() < kWindow) {
    window_.push_back(loss);
  } else {
    window_[next_] = loss;
    next_ = (next_ + 1) % kWindow;
  }
  if (live_) {
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(100) && step != steps_) return;
    shown_ = now;
    renew(line(step));
  } else if (!quiet_ && budget_ > 0) {
    const int ticks = static_cast<int>(20 * std::min(1.0, seconds() / budget_));
    if (ticks > ticks_) std::cout << line(step) << '\n' << std::flush;
    ticks_ = ticks;
  } else if (!quiet_) {
    const int every = std::max(1, steps_ / 20);
    if (step % every == 0 || step == steps_) std::cout << line(step) << '\n' << std::flush;
  }
}

/// A line that went on in the next row of the screen could not be taken back.
void Progress::renew(const std::string& line) const {
  const int columns = terminal_columns() > 0 ? terminal_columns() : screen().width;
  std::cout << "\r\x1b[K" << cut_to_width(line, static_cast<std::size_t>(std::max(1, columns - 1)))
            << std::flush;
}

void Progress::held_out(double loss) {
  held_out_ = loss;
}

void Progress::finish() {
  if (live_) std::cout << "\r\x1b[K" << std::flush;
  live_ = false;
}

double Progress::mean_loss() const {
  if (window_.empty()) return 0;
  return std::accumulate(window_.begin(), window_.end(), 0.0) / static_cast<double>(window_.size());
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

double Progress::characters_per_second() const {
  return static_cast<double>(characters_) / std::max(seconds(), 1e-9);
}

std::string Progress::line(int step) const {
  const int done = step - first_step_;
  const double left = budget_ > 0 ? std::max(0.0, budget_ - seconds())
                      : done > 0  ? seconds() / done * (steps_ - step)
                                  : 0;
  std::string text =
      budget_ > 0 ? format("step %d", step)
                  : format("step %*d/%d", static_cast<int>(std::to_string(steps_).size()), step, steps_);
  text += "  loss " + nats_text(mean_loss());
  if (held_out_) text += "  held-out " + nats_text(*held_out_);
  return text + "  " + rate(characters_per_second()) + " chars/s  " + duration(left) + " left";
}

}  // namespace microgpt::cli
