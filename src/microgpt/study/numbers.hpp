// The numbers that stand at an address, one by one.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
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

/// max |x|; NaN if there is one, 0 of no numbers.
double largest_size(std::span<const double> x);

/// The lowest and the highest of the finite numbers; nothing if there are none.
struct Extremes {
  double low = 0;
  double high = 0;
};
std::optional<Extremes> extremes(std::span<const double> x);

double dot(std::span<const double> a, std::span<const double> b);

/// Cosine of the angle between two vectors of one length; 0 if there is no angle, because one of them is 0.
double cosine(std::span<const double> a, std::span<const double> b);

/// -Σ p log p of a distribution, in nats.
double entropy(std::span<const double> p);

enum class Order { largest_first, smallest_first, largest_size_first };

/// The indices of the first `count` of these finite numbers (or of all, if there are fewer) in an order; equal ones
/// stay in theirs. For a small count this costs one pass over the numbers.
std::vector<std::size_t> ranked(std::span<const double> values,
                                std::size_t count = std::numeric_limits<std::size_t>::max(),
                                Order order = Order::largest_first);

/// The sites of such a model in the order of the pass: before the layers, layer by layer, after them.
std::vector<Address> sites_of(const ModelConfig& config);

}  // namespace microgpt::study
