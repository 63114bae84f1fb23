// Scalars of a model, measured: of each checkpoint of a run, they are its history.
#pragma once

#include <span>
#include <vector>

#include "microgpt/study/scalar.hpp"

namespace microgpt::study {

/// Another token, and the cosine of the angle to its row of wte.
struct Neighbour {
  Token token = 0;
  double cosine = 0;
};

/// What a scalar is.
struct ScalarValue {
  double value = 0;                     ///< of all but nearest; NaN where the model overflows
  std::vector<Neighbour> neighbours{};  ///< of nearest: the first three, nearest first
};

/// What is followed if nobody says what: the loss, the induction and previous scores of every head and, where there is
/// a text, the nll of each of its positions.
std::vector<std::string> default_scalars(const Model& model, bool with_text);

/// Each scalar of a model. `text` is the one document, `documents` the batch they speak of; either may be
/// empty if no scalar needs it. The model runs once on each of the two, and once more on the documents for
/// each ablation.
std::vector<ScalarValue> measure(const Model& model, std::span<const Scalar> scalars, const Batch& text,
                                 const Batch& documents);

}  // namespace microgpt::study
