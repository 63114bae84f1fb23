// The steps of the topic softmax, in the order of a lesson. On this page z is what softmax takes, and nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "microgpt/study/softmax_study.hpp"
#include "microgpt/view/explain/explained.hpp"

namespace microgpt::view::explain {

/// Where the numbers come from, and what they are called.
struct SoftmaxInput {
  Numbers logits{};
  double temperature = 1;
  study::FloatType type = study::FloatType::float64;
  std::string address{};               ///< empty: typed in
  std::string index = "i";             ///< what a number is counted by: "token", "source"
  std::vector<std::string> labels{};   ///< of each number; none: there are only their indices
  std::optional<std::size_t> asked{};  ///< the number that is worked out; else the largest
  bool by_size = false;                ///< whether tables begin with the likeliest
  std::size_t top = 10;
};

/// The input with every step of it.
struct SoftmaxLesson {
  SoftmaxInput in;
  study::SoftmaxSteps s;
  std::vector<std::size_t> rows;  ///< that tables show
  std::size_t i = 0;              ///< the number that is worked out
};
SoftmaxLesson softmax_lesson(SoftmaxInput input);

Section numbers_section(const SoftmaxLesson& lesson, ByHand& hand);
Section formula_section(const SoftmaxLesson& lesson, ByHand& hand);
Section maximum_section(const SoftmaxLesson& lesson, ByHand& hand);
Section overflow_section(const SoftmaxLesson& lesson);
/// What float arithmetic made of these numbers; nothing if it held them all.
std::optional<Section> outcome_section(const SoftmaxLesson& lesson);
Section properties_section(const SoftmaxLesson& lesson);
Section temperature_section(const SoftmaxLesson& lesson, const ByHand& hand);
Section derivative_section(const SoftmaxLesson& lesson, ByHand& hand);
Section logarithm_section(const SoftmaxLesson& lesson, ByHand& hand);

}  // namespace microgpt::view::explain
