// Softmax by its formula and with the maximum subtracted, in either precision, and what can be said of it: where the
// formula breaks, the properties that hold, the derivative, the temperature.
//
//   p_i = e^(z_i) / sum_j e^(z_j) = e^(z_i - max) / sum_j e^(z_j - max)          z_i = logit_i / T
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/text/agreement.hpp"

namespace microgpt::study {

enum class FloatType { float32, float64 };

/// Every number on the way, computed in that type and kept as doubles. What overflows is inf, and inf / inf is nan.
struct SoftmaxSteps {
  std::vector<double> z;           ///< logits / temperature
  std::vector<double> formula_e;   ///< e^z
  std::vector<double> formula_p;   ///< e^z / sum
  double formula_total = 0;        ///< sum of e^z
  double max = 0;                  ///< of z
  std::vector<double> shifted, e;  ///< z - max, e^(z - max)
  double total = 0;                ///< sum of e^(z - max)
  std::vector<double> p;           ///< as the model computes it (nn/softmax.hpp)
  double log_sum = 0;              ///< ln sum_j e^(z_j), by max + ln total
  FloatType type = FloatType::float64;

  [[nodiscard]] std::size_t likeliest() const;
};

/// At least one logit; temperature above 0.
SoftmaxSteps softmax_steps(std::span<const double> logits, double temperature, FloatType type);

/// Where e^z stops being an ordinary number of a type: inf above `overflow`, fewer digits below `subnormal`, 0 below
/// `zero`.
struct ExpRange {
  double overflow = 0, subnormal = 0, zero = 0;
};
ExpRange exp_range(FloatType type);

/// What became of an exponential.
enum class ExpFate { right, overflow, underflow, digits_lost };
ExpFate exp_fate(double z, double e, FloatType type);

/// What holds for p, measured.
struct SoftmaxProperties {
  double smallest = 0;  ///< p; 0 if it underflowed
  Agreement sum;        ///< of all p, with 1
  std::size_t neighbours = 0,
              out_of_order = 0;  ///< pairs next to each other in size, and those whose p are not
  double shift = 0;              ///< a constant that was added to every z
  Agreement shifted;             ///< the largest change of a p by it
  bool positive = false, sums_to_one = false, keeps_order = false, keeps_shifted = false;
};
SoftmaxProperties softmax_properties(const SoftmaxSteps& steps);

/// dp_i/dz_j = p_i ([i = j] - p_j).
double softmax_slope(const SoftmaxSteps& steps, std::size_t i, std::size_t j);

/// The largest difference, over all i, between the slopes of column j and central differences of z_j.
Agreement slopes_by_differences(const SoftmaxSteps& steps, std::size_t j);

/// The same logits at another temperature.
struct TemperatureRow {
  double temperature = 1, entropy = 0;  ///< nats
  std::vector<double> p;
};
std::vector<TemperatureRow> softmax_at(std::span<const double> logits, std::span<const double> temperatures,
                                       FloatType type);

}  // namespace microgpt::study
