// The gradient of the mean loss, tensor by tensor, and a witness for it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// The gradient of one tensor in figures.
struct TensorGradient {
  std::string tensor;
  double norm = 0;
  std::size_t count = 0;      ///< entries
  std::size_t zeros = 0;      ///< of these, exactly 0
  double largest = 0;         ///< the entry that is largest in size, with its sign
  Index row = 0, column = 0;  ///< of that entry
  std::size_t weight = 0;     ///< of that entry, as an index of Parameters::values()

  [[nodiscard]] double share_of_zeros() const {
    return static_cast<double>(zeros) / static_cast<double>(count);
  }
};

/// That of a tensor, by its place in the model's table. The trace has taken gradients.
TensorGradient tensor_gradient(const Trace& trace, std::size_t tensor);
/// One of each tensor, in the order of the table.
std::vector<TensorGradient> tensor_gradients(const Trace& trace);

/// (f(w + h) - f(w - h)) / 2h of the mean loss f over a batch, for each of these weights by its index: a slope that owes
/// nothing to the backward pass. One copy of the model is made. `progress` is told the share of the runs that are
/// done.
std::vector<double> central_differences(const Model& model, const Batch& batch,
                                        std::span<const std::size_t> weights, double h,
                                        const std::function<void(double)>& progress = {});

}  // namespace microgpt::study
