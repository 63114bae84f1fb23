// What the tables of the topic softmax have in common.
#pragma once

#include "microgpt/view/explain/softmax_lesson.hpp"

namespace microgpt::view::explain {

/// A table with the shown numbers' indices and labels.
Table numbers_table(const SoftmaxLesson& lesson);

/// How a number is called in a heading: its index, or its label.
std::string name_of(const SoftmaxLesson& lesson, std::size_t i);

/// What rounding can make of a probability.
double softmax_rounding(const study::SoftmaxSteps& steps);

}  // namespace microgpt::view::explain
