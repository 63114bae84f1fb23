// The difference of two results that should be equal, in words. All of its digits are rounding, which every
// processor and library has its own of: a page says how well the two agree, JSON gives the digits.
#pragma once

#include <string>

namespace microgpt {

struct Agreement {
  double difference = 0;
  /// What rounding alone can be expected to make of the difference. It follows from what is computed, and is
  /// therefore the same everywhere: epsilon * sum_i |x_i| of a sum, slope_rounding() of a slope.
  double rounding = 0;
  std::string with{};  ///< what it should be equal to; empty where a heading says so

  /// Whether fewer than three digits of the difference can be trusted.
  [[nodiscard]] bool only_rounding() const;
  bool operator==(const Agreement&) const = default;
};

/// "agrees with the logit to 1e-12", or "differs from the logit by 3.10e-02" where that is not rounding. The
/// bound is 1e-12, 1e-9, 1e-6 or 1e-3: at least ten times the rounding, so that no processor's moves it.
std::string agreement_text(const Agreement& agreement);

/// Rounding of (f(x + h) - f(x - h)) / 2h, where f is computed from numbers as large as `size`: epsilon size
/// / h.
double slope_rounding(double size, double h);

}  // namespace microgpt
