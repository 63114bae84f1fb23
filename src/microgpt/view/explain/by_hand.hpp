// Numbers inside formulas, written so that whoever computes with what is printed gets what is printed: operands have as
// many more digits than their result as that takes.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::view::explain {

/// How the numbers of a formula are written: as results are (base/number.hpp), with `extra` digits more.
struct Digits {
  int digits = 4;
  int extra = 0;

  std::string operator()(double value) const;
  /// In brackets if it is negative, to stand after a sign.
  [[nodiscard]] std::string factor(double value) const;
  /// The number that a reader of the text has.
  [[nodiscard]] double printed(double value) const;
};

/// A formula with numbers in it, and what one gets who computes it from those numbers.
struct Written {
  std::string text;
  double value = 0;
};

/// A term of a sum: a, a * b, or a^2.
struct Term {
  double a = 0;
  std::optional<double> b{};
  bool squared = false;
};
/// "0.4764 * (-1.6098) + ..."; of more than 16 terms the first six, and the sum of the others.
Written written_sum(std::span<const Term> terms, const Digits& n);
Written written_sum(std::span<const double> terms, const Digits& n);

/// What a page shows, checked as a reader would.
class ByHand {
 public:
  explicit ByHand(int digits) : n{digits} {}
  Digits n;

  /// The formula with as few digits as give the result as it is printed; `least` extra digits in any case.
  std::string line(double result, const std::function<Written(const Digits&)>& write, int least = 0);
  /// The fewest digits of a table's columns for which `comes_out(what one reads with them)` holds.
  int digits_for(const std::function<bool(const Digits&)>& comes_out);
  /// Notes that rounding shows where something does not come out.
  void check(bool comes_out) { rounding_shows_ = rounding_shows_ || !comes_out; }
  /// Whether a number is printed like the result, and would be with a little more or less: it must not depend on
  /// how someone rounds a 5 at the end.
  [[nodiscard]] bool same(double value, double result) const;

  /// A sentence for the page where rounding still shows somewhere; else empty.
  [[nodiscard]] std::string note() const;

 private:
  bool rounding_shows_ = false;
};

/// Whether the printed numbers add up to the printed total, all with the same digits.
bool adds_up(std::span<const double> numbers, double total, const Digits& n);

/// "1.00000 / (1.00000 + 0.36788 + 0.14957) = 1.00000 / 1.51745": a term over the sum of all of them.
Written written_share(std::span<const double> terms, std::size_t i, const Digits& n);

/// Digits after the point that show as many digits of a number below 1 as `digits` show of one near 1; at most 12.
int significant_digits(double value, int digits);

/// A column of numbers with heat.
Column hot(std::string key, std::string title, int digits, Heat heat = Heat::column);

}  // namespace microgpt::view::explain
