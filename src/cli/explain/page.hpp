// What `microgpt explain` says of a topic, as data: a page of steps, each with its formula, the formula with
// numbers in it, its result and a table. It is written as text or as JSON (docs/explain.md).
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/table.hpp"

namespace microgpt::cli::explain {

using Value = std::variant<std::string, long, double>;

struct Grid {
  std::vector<std::string> columns;
  std::size_t labels = 1;          ///< how many of the first columns name a row
  std::vector<std::size_t> hot{};  ///< columns of numbers with heat, each by its own largest
  std::vector<std::vector<Value>> rows{};
};

/// Lines of microgpt.py; none if `first` is 0.
struct Lines {
  int first = 0;
  int last = 0;
  bool course_only = false;  ///< known of the course revision alone
};

struct Step {
  std::string name;
  std::string says{};
  std::string address{};
  Lines lines{};
  std::string formula{};
  std::string numbers{};           ///< the formula with numbers in it
  std::optional<double> result{};  ///< what they come to
  Grid table{};
};

struct Page {
  std::string topic;
  std::string about;
  Lines lines;
  std::vector<Step> steps{};
};

/// What a page is about; without a model only softmax's numbers.
struct Context {
  std::optional<std::string> model{};  ///< path; none: the built-in example
  std::optional<std::string> text{};
  std::optional<int> position{}, layer{}, head{};
};

void print(std::ostream& out, const Page& page, const Context& context, const Screen& screen, int digits);
nlohmann::ordered_json to_json(const Page& page, const Context& context);

/// Numbers inside formulas.
struct Digits {
  int digits;
  std::string operator()(double value) const { return number_text(value, digits); }
  /// In brackets if it is negative, to stand after a sign.
  [[nodiscard]] std::string factor(double value) const {
    return std::signbit(value) && value != 0 ? "(" + (*this)(value) + ")" : (*this)(value);
  }
};

/// "a + b + c"; of many only some, and how many are left out.
std::string sum_of(const std::vector<std::string>& terms);

}  // namespace microgpt::cli::explain
