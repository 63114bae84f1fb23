#include "microgpt/view/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::view {

namespace {

/// All of the text as a whole number in decimal digits, or nothing.
std::optional<std::uint64_t> parse_whole(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool octal = text.size() > 1 && text[0] == '0';
  if (octal || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) words.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

}  // namespace

std::string problem_of_whole(const std::string& text, std::uint64_t low, std::uint64_t high) {
  const auto whole = parse_whole(text);
  if (whole && *whole >= low && *whole <= high) return "";
  std::string words =
      printable(text) + " is not a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  // 1e3 and 5.0 are numbers to a person; no double beyond 2^53 says which whole one is meant.
  const auto real = parse_double(text);
  if (real && *real >= static_cast<double>(low) && *real <= std::min(static_cast<double>(high), 0x1p53)
      && *real == std::floor(*real)) {
    words += ": write " + std::to_string(static_cast<std::uint64_t>(*real));
  }
  return words;
}

std::string problem_of(const OptionSpec& spec, const std::string& text) {
  if (spec.kind == OptionSpec::Kind::whole) return problem_of_whole(text, spec.low, spec.high);
  if (spec.kind == OptionSpec::Kind::number && !parse_double(text))
    return printable(text) + " is not a number";
  return "";
}

void Options::set(std::string_view name, const std::string& text) {
  const auto spec =
      std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& s) { return s.name == name; });
  if (spec == specs_.end()) throw Error(Fault::usage, {.what = "unknown option", .value = printable(name)});
  if (const std::string problem = problem_of(*spec, text); !problem.empty()) {
    throw Error(Fault::usage, {.what = std::string(name), .hint = problem});
  }
  auto& values = values_[std::string(name)];
  if (spec->kind != OptionSpec::Kind::texts) values.clear();
  values.push_back(text);
}

void Options::check() const {
  for (const OptionSpec& spec : specs_) {
    if (spec.required && !given(spec.name)) {
      throw Error(Fault::usage, {.what = std::string(spec.name) + " is required"});
    }
    if (!given(spec.name)) continue;
    for (const std::string_view other : words_of(spec.excludes)) {
      if (given(other)) {
        throw Error(Fault::usage,
                    {.what = std::string(spec.name) + " and " + std::string(other) + " do not go together"});
      }
    }
  }
}

bool Options::amount_given() const {
  return std::any_of(specs_.begin(), specs_.end(),
                     [&](const OptionSpec& spec) { return spec.is_amount && given(spec.name); });
}

std::optional<int> Options::whole(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  return static_cast<int>(*parse_whole(*value));
}

std::optional<double> Options::number(std::string_view name) const {
  const auto value = text(name);
  return value ? parse_double(*value) : std::nullopt;
}

std::optional<std::string> Options::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Options::texts(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace microgpt::view
