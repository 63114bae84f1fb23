#include "cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/text/nearest.hpp"

namespace microgpt::cli {

namespace {

/// All of the text as a number, or nothing.
template <class N>
std::optional<N> parse_number(const std::string& text) {
  N number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string check_path(const std::string& path) {
  return path.empty() ? "the name of a file or folder must not be empty" : "";
}

std::string check_seed(const std::string& text) {
  return whole_between(0, std::numeric_limits<std::uint64_t>::max())(text);
}

Check whole_between(std::uint64_t low, std::uint64_t high) {
  return [low, high](const std::string& text) -> std::string {
    const bool octal = text.size() > 1 && text[0] == '0';
    const auto whole = parse_number<std::uint64_t>(text);
    if (whole && !octal && *whole >= low && *whole <= high) return "";
    std::string words =
        one_line(text) + " is not a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    // 1e3 and 5.0 are numbers to a person; no double beyond 2^53 says which whole one is meant.
    const auto real = parse_number<double>(text);
    if (real && *real >= static_cast<double>(low) && *real <= std::min(static_cast<double>(high), 0x1p53)
        && *real == std::floor(*real)) {
      words += ": write " + std::to_string(static_cast<std::uint64_t>(*real));
    }
    return words;
  };
}

Check number_between(double low, double high) {
  return [low, high](const std::string& text) {
    const auto number = parse_number<double>(text);
    std::ostringstream words;
    if (!number || !(*number >= low && *number <= high)) {
      words << one_line(text) << " is not a number from " << low << " to " << high;
    }
    return words.str();
  };
}

Check one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
    const auto near = near_name(text, words);
    return "'" + one_line(text) + "' is none of " + list + (near ? "; did you mean '" + *near + "'?" : "");
  };
}

int all_cores() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace microgpt::cli
