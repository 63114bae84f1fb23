#include "microgpt/base/number.hpp"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace microgpt {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Removes the digits that the text begins with, and returns them.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool take_any(std::string_view& text, std::string_view of) {
  const bool found = !text.empty() && of.find(text.front()) != std::string_view::npos;
  if (found) text.remove_prefix(1);
  return found;
}

}  // namespace

// libc++ has no std::from_chars for floating point before version 20, and its streams cut long numbers off.
// std::strtod rounds correctly everywhere, but it reads more forms than are wanted here, and the decimal
// point of the locale: so the form is checked first, and the point is put in the locale's way.
std::optional<double> parse_double(std::string_view text) {
  std::string_view rest = text;
  take_any(rest, "-");
  const std::string_view whole = take_digits(rest);
  const std::size_t point = static_cast<std::size_t>(rest.data() - text.data());
  const bool has_point = take_any(rest, ".");
  const std::string_view fraction = has_point ? take_digits(rest) : std::string_view();
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (take_any(rest, "eE")) {
    take_any(rest, "+-");
    if (take_digits(rest).empty()) return std::nullopt;
  }
  if (!rest.empty()) return std::nullopt;

  std::string local(text);
  if (has_point) local.replace(point, 1, std::localeconv()->decimal_point);
  const double number = std::strtod(local.c_str(), nullptr);

  const auto is_zero = [](std::string_view digits) { return digits.find_first_not_of('0') == digits.npos; };
  if (!std::isfinite(number) || (number == 0 && !(is_zero(whole) && is_zero(fraction)))) return std::nullopt;
  return number;
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  char text[400];
  const bool plain = std::abs(value) < 1e6 && std::abs(value) >= 0.5 * std::pow(10.0, -digits);
  std::snprintf(text, sizeof text, plain ? "%.*f" : "%.*e", plain ? digits : 2, value);
  return text;
}

std::string fixed_text(double value, int digits) {
  if (!std::isfinite(value) || value == 0 || std::abs(value) >= 1e6) return number_text(value, digits);
  const double rounded = std::round(value * std::pow(10.0, digits)) / std::pow(10.0, digits);
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, rounded == 0 ? 0.0 : rounded);
  return text;
}

}  // namespace microgpt
