#include "microgpt/text/agreement.hpp"

#include <cmath>
#include <cstdio>
#include <limits>

namespace microgpt {

bool Agreement::only_rounding() const {
  constexpr double kThreeDigits = 1000;
  return std::abs(difference) <= kThreeDigits * rounding;
}

std::string agreement_text(const Agreement& agreement) {
  const double size = std::abs(agreement.difference);
  if (!agreement.only_rounding()) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.2e", size);
    return "differs" + (agreement.with.empty() ? "" : " from " + agreement.with) + " by " + digits;
  }
  const std::string agrees = "agrees" + (agreement.with.empty() ? "" : " with " + agreement.with);
  struct Bound {
    double value;
    const char* text;
  };
  constexpr Bound kBounds[] = {{1e-12, "1e-12"}, {1e-9, "1e-9"}, {1e-6, "1e-6"}, {1e-3, "1e-3"}};
  constexpr double kMargin = 10;
  for (const Bound& bound : kBounds) {
    if (size <= bound.value && kMargin * agreement.rounding <= bound.value)
      return agrees + " to " + bound.text;
  }
  return agrees + " within rounding";
}

double slope_rounding(double size, double h) {
  return std::numeric_limits<double>::epsilon() * std::abs(size) / h;
}

}  // namespace microgpt
