// The numbers that stand at an address, one by one.
#pragma once

#include <span>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// What an address means in a document of so many positions: of each number the address with every index its
/// site has, in the order of these. What the address leaves out means all; of scores and pattern, all that a
/// query may see. Empty if there is no such position, or it may not see that source.
std::vector<Address> elements(const Address& at, const ModelConfig& config, int positions);

/// One number of a run.
struct NumberAt {
  Address at;
  double value = 0;
};

/// The numbers of these in the run's first document.
std::vector<NumberAt> numbers_at(const Trace& trace, const Address& at);

/// sqrt(Σ x²), where no square is too large or too small for its type.
double norm(std::span<const double> x);

/// The sites of such a model in the order of the pass: before the layers, layer by layer, after them.
std::vector<Address> sites_of(const ModelConfig& config);

}  // namespace microgpt::study
