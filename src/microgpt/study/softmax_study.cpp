#include "microgpt/study/softmax_study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "microgpt/nn/exp.hpp"
#include "microgpt/nn/softmax.hpp"
#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

template <class T>
SoftmaxSteps softmax_steps_in(std::span<const double> logits, double temperature) {
  SoftmaxSteps s;
  std::vector<T> z;
  for (const double logit : logits)
    z.push_back(static_cast<T>(static_cast<T>(logit) / static_cast<T>(temperature)));
  const T max = *std::max_element(z.begin(), z.end());
  T formula_total = 0;
  T total = 0;
  for (const T zi : z) {
    formula_total += std::exp(zi);
    total += exponential(zi - max);
  }
  Arena<T> p(z.size());
  s.log_sum = static_cast<double>(softmax_forward<T>(p, z));
  for (std::size_t i = 0; i < z.size(); ++i) {
    const T formula_e = std::exp(z[i]);
    s.z.push_back(static_cast<double>(z[i]));
    s.formula_e.push_back(static_cast<double>(formula_e));
    s.formula_p.push_back(static_cast<double>(formula_e / formula_total));
    s.shifted.push_back(static_cast<double>(z[i] - max));
    s.e.push_back(static_cast<double>(exponential(z[i] - max)));
    s.p.push_back(static_cast<double>(p[i]));
  }
  s.formula_total = static_cast<double>(formula_total);
  s.max = static_cast<double>(max);
  s.total = static_cast<double>(total);
  return s;
}

template <class T>
ExpRange exp_range_of() {
  using Limits = std::numeric_limits<T>;
  return {std::log(static_cast<double>(Limits::max())), std::log(static_cast<double>(Limits::min())),
          std::log(static_cast<double>(Limits::denorm_min())) - std::log(2.0)};
}

double epsilon_of(FloatType type) {
  return type == FloatType::float32 ? static_cast<double>(std::numeric_limits<float>::epsilon())
                                    : std::numeric_limits<double>::epsilon();
}

}  // namespace

std::size_t SoftmaxSteps::likeliest() const {
  return static_cast<std::size_t>(std::max_element(z.begin(), z.end()) - z.begin());
}

SoftmaxSteps softmax_steps(std::span<const double> logits, double temperature, FloatType type) {
  SoftmaxSteps steps = type == FloatType::float32 ? softmax_steps_in<float>(logits, temperature)
                                                  : softmax_steps_in<double>(logits, temperature);
  steps.type = type;
  return steps;
}

ExpRange exp_range(FloatType type) {
  return type == FloatType::float32 ? exp_range_of<float>() : exp_range_of<double>();
}

ExpFate exp_fate(double z, double e, FloatType type) {
  if (std::isinf(e)) return ExpFate::overflow;
  if (e == 0) return ExpFate::underflow;
  return z < exp_range(type).subnormal ? ExpFate::digits_lost : ExpFate::right;
}

SoftmaxProperties softmax_properties(const SoftmaxSteps& s) {
  const double eps = epsilon_of(s.type);
  SoftmaxProperties is{
      .smallest = *std::min_element(s.p.begin(), s.p.end()), .sum = {}, .shift = 100, .shifted = {}};
  is.positive = is.smallest > 0;

  const auto count = static_cast<double>(s.p.size());
  const double sum = std::accumulate(s.p.begin(), s.p.end(), 0.0);
  is.sum = {.difference = std::abs(sum - 1), .rounding = eps, .with = "1"};
  is.sums_to_one = is.sum.difference <= 2 * count * eps;

  const std::vector<std::size_t> order = ranked(s.z);
  for (std::size_t k = 0; k + 1 < order.size(); ++k) {
    if (!(s.z[order[k]] > s.z[order[k + 1]])) continue;
    ++is.neighbours;
    if (s.p[order[k]] < s.p[order[k + 1]]) ++is.out_of_order;
  }
  is.keeps_order = is.out_of_order == 0;

  std::vector<double> moved;
  double largest = is.shift;
  for (const double z : s.z) {
    moved.push_back(z + is.shift);
    largest = std::max(largest, std::abs(moved.back()));
  }
  const SoftmaxSteps other = softmax_steps(moved, 1, s.type);
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    is.shifted.difference = std::max(is.shifted.difference, std::abs(other.p[i] - s.p[i]));
  }
  is.shifted.rounding = eps * largest;
  is.keeps_shifted = is.shifted.difference <= 4 * is.shifted.rounding;
  return is;
}

double softmax_slope(const SoftmaxSteps& s, std::size_t i, std::size_t j) {
  return s.p[i] * ((i == j ? 1 : 0) - s.p[j]);
}

Agreement slopes_by_differences(const SoftmaxSteps& s, std::size_t j) {
  constexpr double kStep = 1e-5;
  // In double precision whatever the type: differences of floats would be nothing but rounding.
  std::vector<double> up = s.shifted;
  std::vector<double> down = s.shifted;
  up[j] += kStep;
  down[j] -= kStep;
  const auto above = softmax_steps(up, 1, FloatType::float64).p;
  const auto below = softmax_steps(down, 1, FloatType::float64).p;
  Agreement agreement{.rounding = epsilon_of(s.type) + slope_rounding(1, kStep),
                      .with = "central differences"};
  for (std::size_t i = 0; i < s.p.size(); ++i) {
    const double slope = (above[i] - below[i]) / (2 * kStep);
    agreement.difference = std::max(agreement.difference, std::abs(slope - softmax_slope(s, i, j)));
  }
  return agreement;
}

std::vector<TemperatureRow> softmax_at(std::span<const double> logits, std::span<const double> temperatures,
                                       FloatType type) {
  std::vector<TemperatureRow> rows;
  for (const double t : temperatures) {
    TemperatureRow row{.temperature = t, .p = softmax_steps(logits, t, type).p};
    row.entropy = entropy(row.p);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace microgpt::study
