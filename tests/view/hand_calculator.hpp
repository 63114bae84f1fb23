// Computes what is written: numbers, + - * / ^, brackets, e, sqrt, ln, cos, pi, max and min of two. It knows nothing of
// how the pages are made; a reader with a pocket calculator would get the same.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <optional>
#include <string>

namespace microgpt::test {

class HandCalculator {
 public:
  /// Nothing if the text is no such formula.
  static std::optional<double> compute(std::string text) {
    // "(21 more terms)" says what the number before it is.
    for (std::size_t at; (at = text.find(" more term")) != std::string::npos;) {
      const std::size_t open = text.rfind(" (", at);
      text.erase(open, text.find(')', at) + 1 - open);
    }
    HandCalculator calculator(std::move(text));
    const double value = calculator.sum();
    calculator.spaces();
    if (calculator.failed_ || calculator.at_ != calculator.text_.size()) return std::nullopt;
    return value;
  }

 private:
  explicit HandCalculator(std::string text) : text_(std::move(text)) {}

  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(const std::string& piece) {
    spaces();
    if (text_.compare(at_, piece.size(), piece) != 0) return false;
    at_ += piece.size();
    return true;
  }
  double sum() {
    double value = product();
    while (true) {
      if (take("+")) {
        value += product();
      } else if (take("-")) {
        value -= product();
      } else {
        return value;
      }
    }
  }
  double product() {
    double value = power();
    while (true) {
      if (take("*")) {
        value *= power();
      } else if (take("/")) {
        value /= power();
      } else {
        return value;
      }
    }
  }
  double power() {
    if (take("-")) return -power();
    const double base = atom();
    return take("^") ? std::pow(base, power()) : base;
  }
  double atom() {
    if (take("sqrt")) return std::sqrt(atom());
    if (take("ln ")) return std::log(power());
    if (take("cos")) return std::cos(atom());
    if (take("pi ")) return std::numbers::pi * atom();
    const bool largest = take("max(");
    if (largest || take("min(")) {
      const double first = sum();
      if (!take(",")) failed_ = true;
      const double second = sum();
      if (!take(")")) failed_ = true;
      return largest ? std::max(first, second) : std::min(first, second);
    }
    if (take("(")) {
      const double value = sum();
      if (!take(")")) failed_ = true;
      return value;
    }
    spaces();
    if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
      const char* begin = text_.c_str() + at_;
      char* end = nullptr;
      const double value = std::strtod(begin, &end);
      at_ += static_cast<std::size_t>(end - begin);
      return value;
    }
    if (take("e^")) {
      return std::exp(power());
    }
    failed_ = true;
    return 0;
  }

  std::string text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace microgpt::test
