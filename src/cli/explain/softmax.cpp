// microgpt explain softmax: numbers into probabilities, the way of the book and the way that works.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "cli/explain/topics.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli::explain {

namespace {

/// Softmax both ways in the precision T, kept as doubles.
struct BothWays {
  std::vector<double> z;  ///< logits / temperature
  double max = 0;
  std::vector<double> naive_e, naive_p, shifted, e, p;
  double naive_total = 0, total = 0, naive_lse = 0, lse = 0;
};

template <class T>
BothWays compute_both_ways(const std::vector<double>& logits, double temperature) {
  BothWays s;
  std::vector<T> z;
  for (const double logit : logits)
    z.push_back(static_cast<T>(static_cast<T>(logit) / static_cast<T>(temperature)));
  const T max = *std::max_element(z.begin(), z.end());
  T naive_total = 0;
  T total = 0;
  for (const T zi : z) {
    naive_total += std::exp(zi);
    total += std::exp(zi - max);
  }
  for (const T zi : z) {
    const T naive_e = std::exp(zi);
    const T e = std::exp(zi - max);
    s.z.push_back(static_cast<double>(zi));
    s.naive_e.push_back(static_cast<double>(naive_e));
    s.naive_p.push_back(static_cast<double>(naive_e / naive_total));
    s.shifted.push_back(static_cast<double>(zi - max));
    s.e.push_back(static_cast<double>(e));
    s.p.push_back(static_cast<double>(e / total));
  }
  s.max = static_cast<double>(max);
  s.naive_total = static_cast<double>(naive_total);
  s.total = static_cast<double>(total);
  s.naive_lse = static_cast<double>(std::log(naive_total));
  s.lse = static_cast<double>(max + std::log(total));
  return s;
}

BothWays both_ways(const std::vector<double>& logits, double temperature, bool float32) {
  return float32 ? compute_both_ways<float>(logits, temperature)
                 : compute_both_ways<double>(logits, temperature);
}

double sum_all(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum;
}

double entropy_of(const std::vector<double>& p) {
  double entropy = 0;
  for (const double pi : p) {
    if (pi > 0) entropy -= pi * std::log(pi);
  }
  return entropy;
}

/// Where e^z stops being an ordinary number of the precision T.
struct ExpRange {
  double overflow, subnormal, zero;
};
template <class T>
ExpRange exp_range() {
  using Limits = std::numeric_limits<T>;
  return {std::log(static_cast<double>(Limits::max())), std::log(static_cast<double>(Limits::min())),
          std::log(static_cast<double>(Limits::denorm_min())) - std::log(2.0)};
}

/// The place of a number in the tables: "0", or "0 e" with a label.
std::vector<Value> label_of(const SoftmaxInput& in, std::size_t i) {
  std::vector<Value> row = {static_cast<long>(i)};
  if (!in.labels.empty()) row.emplace_back(in.labels[i]);
  return row;
}

Grid start_grid(const SoftmaxInput& in, std::vector<std::string> columns) {
  Grid grid;
  grid.columns = {"i"};
  if (!in.labels.empty()) grid.columns.emplace_back(in.label);
  grid.labels = grid.columns.size();
  grid.columns.insert(grid.columns.end(), columns.begin(), columns.end());
  return grid;
}

void add_row(Grid& grid, std::vector<Value> row, std::initializer_list<Value> more) {
  row.insert(row.end(), more);
  grid.rows.push_back(std::move(row));
}

/// The words "total" where a row has its name.
std::vector<Value> total_label(const SoftmaxInput& in) {
  std::vector<Value> row = {std::string("total")};
  if (!in.labels.empty()) row.emplace_back(std::string());
  return row;
}

Step naive_step(const SoftmaxInput& in, const BothWays& s, const Digits& n) {
  Step step{.name = "without the maximum subtracted"};
  step.address = in.address;
  step.formula = in.temperature == 1 ? "p_i = e^(z_i) / sum_j e^(z_j)"
                                     : "p_i = e^(z_i) / sum_j e^(z_j)   with   z_i = logit_i / temperature";
  std::vector<std::string> terms;
  for (const double e : s.naive_e) terms.push_back(n(e));
  step.numbers = "p_0 = " + n(s.naive_e[0]) + " / (" + sum_of(terms) + ") = " + n(s.naive_e[0]) + " / "
                 + n(s.naive_total);
  step.result = s.naive_p[0];
  const bool scaled = in.temperature != 1;
  step.table = start_grid(in, scaled ? std::vector<std::string>{"logit", "z", "e^z", "probability"}
                                     : std::vector<std::string>{"logit", "e^z", "probability"});
  step.table.hot = {step.table.columns.size() - 1};
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    auto row = label_of(in, i);
    row.emplace_back(in.logits[i]);
    if (scaled) row.emplace_back(s.z[i]);
    add_row(step.table, std::move(row), {s.naive_e[i], s.naive_p[i]});
  }
  auto total = total_label(in);
  total.resize(total.size() + (scaled ? 2 : 1), std::string());
  add_row(step.table, std::move(total), {s.naive_total, sum_all(s.naive_p)});
  if (!std::isfinite(s.naive_total)) {
    step.says =
        "It overflows: a number or the total is inf, and inf / inf is nan. Python's math.exp raises "
        "OverflowError instead.";
  } else if (s.naive_total == 0) {
    step.says = "It underflows: every e^z is 0, and 0 / 0 is nan.";
  } else if (s.z.size() <= 8) {
    double printed = 0;  // the sum a reader gets from what is on the page
    for (const double e : s.naive_e) printed += std::strtod(n(e).c_str(), nullptr);
    if (n(printed) != n(s.naive_total)) {
      step.says = "As they are printed the terms add up to " + n(printed) + "; in full the total is "
                  + number_text(s.naive_total, n.digits + 2) + ".";
    }
  }
  return step;
}

Step stable_step(const SoftmaxInput& in, const BothWays& s, const Digits& n) {
  Step step{.name = "with the maximum subtracted", .lines = {97, 101}};
  step.says =
      "Every e^z is divided by e^max, and so is their sum: nothing changes, but no exponent is above 0, "
      "and the total is at least 1.";
  step.formula = "p_i = e^(z_i - max) / sum_j e^(z_j - max)";
  std::vector<std::string> terms;
  for (const double e : s.e) terms.push_back(n(e));
  step.numbers = "max = " + n(s.max) + "; p_0 = e^(" + n(s.z[0]) + " - " + n.factor(s.max) + ") / ("
                 + sum_of(terms) + ") = " + n(s.e[0]) + " / " + n(s.total);
  step.result = s.p[0];
  step.table = start_grid(in, {"logit", "z - max", "e^(z - max)", "probability"});
  step.table.hot = {step.table.columns.size() - 1};
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    add_row(step.table, label_of(in, i), {in.logits[i], s.shifted[i], s.e[i], s.p[i]});
  }
  auto total = total_label(in);
  total.resize(total.size() + 2, std::string());
  add_row(step.table, std::move(total), {s.total, sum_all(s.p)});
  return step;
}

/// What an exponential became: 0, inf or a number with less than its full digits; "" if nothing is wrong.
std::string fate_of(double z, double e, const ExpRange& range) {
  if (std::isinf(e)) return "inf: overflow";
  if (e == 0) return "0: underflow";
  return z < range.subnormal ? "digits lost" : "";
}

Step limits_step(const SoftmaxInput& in) {
  Step step{.name = "where e^z overflows and underflows"};
  step.says =
      "A float has no larger numbers than e^88.7, a double none than e^709.8; far below 0 digits are lost, "
      "and then all is lost.";
  step.table = {{"dtype", "inf above", "digits lost below", "0 below", ""}};
  for (const bool float32 : {true, false}) {
    const ExpRange range = float32 ? exp_range<float>() : exp_range<double>();
    step.table.rows.push_back({std::string(float32 ? "float32" : "float64"), range.overflow, range.subnormal,
                               range.zero, std::string(float32 == in.float32 ? "<- in use" : "")});
  }
  return step;
}

Step fates_step(const SoftmaxInput& in, const BothWays& s) {
  const ExpRange range = in.float32 ? exp_range<float>() : exp_range<double>();
  Step step{.name = "what became of these"};
  step.table = start_grid(in, {"z", "e^z is", "z - max", "e^(z - max) is"});
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    const std::string naive = fate_of(s.z[i], s.naive_e[i], range);
    const std::string stable = fate_of(s.shifted[i], s.e[i], range);
    if (naive.empty() && stable.empty()) continue;
    add_row(step.table, label_of(in, i),
            {s.z[i], naive.empty() ? "right" : naive, s.shifted[i], stable.empty() ? "right" : stable});
  }
  const std::string type = in.float32 ? "float32" : "float64";
  if (!step.table.rows.empty()) {
    step.says = "Those of " + counted(s.z.size(), "number") + " that " + type
                + " cannot hold. With the maximum subtracted nothing overflows, and what underflows is a "
                  "probability too small to be told from 0.";
  } else {
    step.table = {};
    step.says = "Every e^z is an ordinary number of " + type
                + (std::isfinite(s.naive_total) ? ", both ways." : ", but their total overflows.");
  }
  return step;
}

Step properties_step(const SoftmaxInput& in, const BothWays& s) {
  const double eps = std::ldexp(1.0, in.float32 ? -23 : -52);
  const auto count = static_cast<double>(s.p.size());
  const double smallest = *std::min_element(s.p.begin(), s.p.end());
  const double off = std::abs(sum_all(s.p) - 1);
  long pairs = 0;
  long broken = 0;
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    for (std::size_t j = 0; j < s.p.size(); ++j) {
      if (!(s.z[i] > s.z[j])) continue;
      ++pairs;
      broken += s.p[i] >= s.p[j] ? 0 : 1;
    }
  }
  constexpr double kShift = 100;
  std::vector<double> moved;
  double largest = kShift;
  for (const double z : s.z) {
    moved.push_back(z + kShift);
    largest = std::max(largest, std::abs(z + kShift));
  }
  const BothWays other = both_ways(moved, 1, in.float32);
  double change = 0;
  for (std::size_t i = 0; i < s.p.size(); ++i) change = std::max(change, std::abs(other.p[i] - s.p[i]));

  const auto verdict = [](bool holds) { return std::string(holds ? "yes" : "NO"); };
  Step step{.name = "four properties, checked"};
  step.says = "Measured on the probabilities with the maximum subtracted.";
  step.table = {{"property", "holds", "measured", "of what"}};
  step.table.rows = {
      {std::string("positive"), verdict(smallest > 0), smallest,
       std::string(smallest > 0 ? "smallest p" : "smallest p: underflowed")},
      {std::string("sums to 1"), verdict(off <= 2 * count * eps), off, std::string("|sum of p - 1|")},
      {std::string("keeps order"), verdict(broken == 0), broken,
       "pairs out of order, of " + std::to_string(pairs)},
      {std::string("shift changes nothing"), verdict(change <= 4 * eps * largest), change,
       std::string("largest change, z + 100")}};
  return step;
}

Step jacobian_step(const SoftmaxInput& in, const BothWays& s, const Digits& n) {
  constexpr std::size_t kMost = 12;
  const std::size_t count = s.p.size();
  const auto jacobian = [&](std::size_t i, std::size_t j) {
    return s.p[i] * ((i == j ? 1 : 0) - s.p[j]) / in.temperature;
  };
  // By central differences in double precision, at z - max, which has the same p.
  constexpr double kStep = 1e-5;
  double difference = 0;
  for (std::size_t j = 0; j < count; ++j) {
    auto up = s.shifted;
    auto down = s.shifted;
    up[j] += kStep;
    down[j] -= kStep;
    const auto above = both_ways(up, 1, false).p;
    const auto below = both_ways(down, 1, false).p;
    for (std::size_t i = 0; i < count; ++i) {
      const double slope = (above[i] - below[i]) / (2 * kStep);
      difference = std::max(difference, std::abs(slope - jacobian(i, j) * in.temperature));
    }
  }
  Step step{.name = "the Jacobian"};
  step.says =
      "How p_i answers to logit_j. Rows add up to 0: what one gains the others lose. Central differences "
      "agree to "
      + n(difference) + ".";
  const std::string over_t = in.temperature == 1 ? "" : " / temperature";
  step.formula = "dp_i/dlogit_j = p_i (delta_ij - p_j)" + over_t;
  step.numbers = "dp_0/dlogit_0 = " + n(s.p[0]) + " * (1 - " + n(s.p[0]) + ")"
                 + (over_t.empty() ? "" : " / " + n(in.temperature));
  step.result = jacobian(0, 0);
  const auto likeliest = static_cast<std::size_t>(std::max_element(s.p.begin(), s.p.end()) - s.p.begin());
  if (count > kMost) step.says += " Of " + std::to_string(count) + " rows that of the largest p is shown.";
  std::vector<std::string> columns;
  for (std::size_t j = 0; j < count; ++j) columns.push_back("d/d" + std::to_string(j));
  step.table = start_grid(in, columns);
  for (std::size_t j = 0; j < count; ++j) step.table.hot.push_back(step.table.labels + j);
  for (std::size_t i = 0; i < count; ++i) {
    if (count > kMost && i != likeliest) continue;
    auto row = label_of(in, i);
    for (std::size_t j = 0; j < count; ++j) row.emplace_back(jacobian(i, j));
    step.table.rows.push_back(std::move(row));
  }
  return step;
}

Step log_step(const SoftmaxInput& in, const BothWays& s, const Digits& n) {
  Step step{.name = "log-sum-exp"};
  step.says =
      "The logarithm of the total, and with it of every p: it needs no division and nothing underflows. "
      "Without the maximum subtracted it is "
      + n(s.naive_lse) + ".";
  step.formula = "lse = max + ln sum_j e^(z_j - max);   ln p_i = z_i - lse";
  step.numbers = "lse = " + n(s.max) + " + ln " + n(s.total);
  step.result = s.lse;
  step.table = start_grid(in, {"z - lse", "ln(p), naive p", "ln(p), stable p"});
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    // In two steps, so that a large max does not take the digits of ln(total).
    add_row(step.table, label_of(in, i),
            {s.shifted[i] - std::log(s.total), std::log(s.naive_p[i]), std::log(s.p[i])});
  }
  return step;
}

Step temperature_step(const SoftmaxInput& in, const Digits& n) {
  Step step{.name = "temperature"};
  step.says = "Low: the largest takes all. High: all alike, with the entropy ln n = "
              + n(std::log(static_cast<double>(in.logits.size()))) + " at most.";
  step.formula = "p_i = softmax(logit_i / T);   entropy = -sum_i p_i ln p_i";
  step.table.columns = {"T", "entropy", "largest p"};
  step.table.hot = {1};
  constexpr std::size_t kMost = 8;
  if (in.logits.size() <= kMost) {
    for (std::size_t i = 0; i < in.logits.size(); ++i) step.table.columns.push_back("p_" + std::to_string(i));
  }
  for (const double t : {0.1, 0.5, 1.0, 2.0, 10.0}) {
    const auto p = both_ways(in.logits, t, in.float32).p;
    std::vector<Value> row = {number_text(t, 1), entropy_of(p), *std::max_element(p.begin(), p.end())};
    if (p.size() <= kMost) row.insert(row.end(), p.begin(), p.end());
    step.table.rows.push_back(std::move(row));
  }
  return step;
}

}  // namespace

Page explain_softmax(const SoftmaxInput& in, const Digits& n) {
  const BothWays s = both_ways(in.logits, in.temperature, in.float32);
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    if (!std::isfinite(s.z[i])) {
      throw Error(Fault::usage, "bad numbers: " + number_text(in.logits[i], 3) + " / "
                                    + number_text(in.temperature, 3) + " is beyond "
                                    + (in.float32 ? "float32" : "float64")
                                    + ": give a smaller number or a higher --temperature");
    }
  }
  Page page{.topic = "softmax",
            .about = "From any numbers to probabilities, in "
                     + std::string(in.float32 ? "float32" : "float64")
                     + (in.temperature == 1 ? "" : ", temperature " + n(in.temperature)) + ".",
            .lines = {97, 101}};
  page.steps = {naive_step(in, s, n),   stable_step(in, s, n),   limits_step(in),    fates_step(in, s),
                properties_step(in, s), jacobian_step(in, s, n), log_step(in, s, n), temperature_step(in, n)};
  return page;
}

}  // namespace microgpt::cli::explain
