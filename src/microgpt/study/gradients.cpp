#include "microgpt/study/gradients.hpp"

#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

TensorGradient tensor_gradient(const Trace& trace, std::size_t tensor) {
  const Parameters<double>& gradient = trace.weight_gradient();
  const TensorSpec& spec = gradient.table()[tensor];
  const ConstView<double> g = gradient.tensor(tensor);
  TensorGradient one{.tensor = spec.name};
  g.cwiseAbs().maxCoeff(&one.row, &one.column);
  one.norm = norm({g.data(), static_cast<std::size_t>(g.size())});
  one.count = static_cast<std::size_t>(g.size());
  one.zeros = static_cast<std::size_t>((g.array() == 0).count());
  one.largest = g(one.row, one.column);
  one.weight = static_cast<std::size_t>(spec.offset + one.row * spec.cols + one.column);
  return one;
}

std::vector<TensorGradient> tensor_gradients(const Trace& trace) {
  std::vector<TensorGradient> all;
  for (std::size_t i = 0; i < trace.weight_gradient().table().size(); ++i)
    all.push_back(tensor_gradient(trace, i));
  return all;
}

std::vector<double> central_differences(const Model& model, const Batch& batch,
                                        std::span<const std::size_t> weights, double h,
                                        const std::function<void(double)>& progress) {
  std::vector<double> slopes;
  if (weights.empty()) return slopes;
  Model moved = model;
  Trace trace = run(moved, batch);
  for (const std::size_t index : weights) {
    double& weight = moved.parameters.values()[index];
    const double before = weight;
    const auto loss_at = [&](double value) {
      weight = value;
      run_again(moved, trace, {});
      return trace.loss();
    };
    slopes.push_back((loss_at(before + h) - loss_at(before - h)) / (2 * h));
    weight = before;
    if (progress) progress(static_cast<double>(slopes.size()) / static_cast<double>(weights.size()));
  }
  return slopes;
}

}  // namespace microgpt::study
