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
struct Measured {
  double value = 0;                     ///< of all but nearest
  std::vector<Neighbour> neighbours{};  ///< of nearest: the first three, nearest first
};

/// Each scalar of a model. `text` is the one document, `documents` the batch they speak of; either may be
/// empty if no scalar needs it. The model runs once on each of the two, and once more on the documents for
/// each ablation.
std::vector<Measured> measure(const Model& model, std::span<const Scalar> scalars, const Batch& text,
                              const Batch& documents);

}  // namespace microgpt::study
