#include "microgpt/view/explain/by_hand.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

#include "microgpt/base/number.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view::explain {

namespace {

constexpr int kMostExtraDigits = 5;
constexpr std::size_t kMostTerms = 16;

}  // namespace

std::string Digits::operator()(double value) const {
  const std::string text = number_text(value, digits);
  if (extra == 0 || value == 0 || !std::isfinite(value)) return text;
  if (text.find('e') == std::string::npos) return number_text(value, digits + extra);
  char longer[64];
  std::snprintf(longer, sizeof longer, "%.*e", 2 + extra, value);
  return longer;
}

std::string Digits::factor(double value) const {
  return std::signbit(value) && value != 0 ? "(" + (*this)(value) + ")" : (*this)(value);
}

double Digits::printed(double value) const {
  if (!std::isfinite(value)) return value;
  return parse_double((*this)(value)).value_or(value);
}

Written written_sum(std::span<const Term> terms, const Digits& n) {
  constexpr std::size_t kFirst = 6;
  Written sum;
  const std::size_t shown = terms.size() > kMostTerms ? kFirst : terms.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const Term& term = terms[i];
    sum.text += (i == 0 ? "" : " + ") + n.factor(term.a) + (term.b ? " * " + n.factor(*term.b) : "");
    if (term.squared) sum.text += "^2";
    sum.value += n.printed(term.a) * (term.squared ? n.printed(term.a) : term.b ? n.printed(*term.b) : 1);
  }
  if (shown < terms.size()) {
    double others = 0;
    for (const Term& term : terms.subspan(shown))
      others += term.a * (term.squared ? term.a : term.b.value_or(1));
    sum.text += " + " + n.factor(others) + " (" + counted(terms.size() - shown, "more term") + ")";
    sum.value += n.printed(others);
  }
  if (terms.empty()) sum.text = "0";
  return sum;
}

Written written_sum(std::span<const double> terms, const Digits& n) {
  std::vector<Term> all;
  for (const double term : terms) all.push_back({term});
  return written_sum(all, n);
}

std::string ByHand::line(double result, const std::function<Written(const Digits&)>& write, int least) {
  for (int extra = least; extra <= std::max(least, kMostExtraDigits); ++extra) {
    const Written written = write({n.digits, extra});
    if (!std::isfinite(result) || same(written.value, result)) return written.text;
  }
  rounding_shows_ = true;
  return write({n.digits, std::max(least, 2)}).text;
}

int ByHand::digits_for(const std::function<bool(const Digits&)>& comes_out) {
  for (int extra = 0; extra <= kMostExtraDigits; ++extra) {
    // Columns have one format: no longer mantissas in it.
    if (comes_out({n.digits + extra, 0})) return n.digits + extra;
  }
  rounding_shows_ = true;
  return n.digits;
}

bool ByHand::same(double value, double result) const {
  const double little = std::min(1e-6 * std::abs(value), 1e-3 * std::pow(10.0, -n.digits));
  return n(value - little) == n(result) && n(value + little) == n(result);
}

std::string ByHand::note() const {
  if (!rounding_shows_) return "";
  return " Every number is rounded as it is printed, so what you compute from printed numbers may differ in "
         "the last digit.";
}

bool adds_up(std::span<const double> numbers, double total, const Digits& n) {
  double sum = 0;
  for (const double number : numbers) sum += n.printed(number);
  return !std::isfinite(total) || n(sum) == n(total);
}

Written written_share(std::span<const double> terms, std::size_t i, const Digits& n) {
  std::vector<double> ordered(terms.begin(), terms.end());
  if (ordered.size() > kMostTerms) std::sort(ordered.begin(), ordered.end(), std::greater<>());
  const Written sum = written_sum(ordered, n);
  const double value = n.printed(terms[i]) / sum.value;
  return {n(terms[i]) + " / (" + sum.text + ") = " + n(terms[i]) + " / " + n(sum.value), value};
}

int significant_digits(double value, int digits) {
  constexpr int kMost = 12;
  if (value == 0 || !std::isfinite(value) || std::abs(value) >= 1) return digits;
  return std::min(kMost, digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value)))));
}

Column hot(std::string key, std::string title, int digits, Heat heat) {
  return {std::move(key), std::move(title), number(digits), heat};
}

}  // namespace microgpt::view::explain
