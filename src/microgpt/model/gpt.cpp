#include "microgpt/model/gpt.hpp"

#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"

namespace microgpt {

template <>
void gpt_forward(const ModelConfig& config, const Parameters<float>& parameters, const Batch& batch,
                 Activations<float>& a, Kernels kernels) {
  a.reshape(batch);
  kernels == Kernels::fast ? forward_pass<FastOps>(config, parameters, batch, a)
                           : forward_pass<ReadableOps<float>>(config, parameters, batch, a);
}

template <>
void gpt_forward(const ModelConfig& config, const Parameters<double>& parameters, const Batch& batch,
                 Activations<double>& a, Kernels /*kernels*/) {
  a.reshape(batch);
  forward_pass<ReadableOps<double>>(config, parameters, batch, a);
}

template <>
void gpt_backward(const ModelConfig& config, const Parameters<float>& parameters, const Batch& batch,
                  std::span<const float> weight, Activations<float>& a, Activations<float>& da,
                  Parameters<float>& gradient, Kernels kernels) {
  da.reshape(batch);
  kernels == Kernels::fast
      ? backward_pass<FastOps>(config, parameters, batch, weight, a, da, gradient)
      : backward_pass<ReadableOps<float>>(config, parameters, batch, weight, a, da, gradient);
}

template <>
void gpt_backward(const ModelConfig& config, const Parameters<double>& parameters, const Batch& batch,
                  std::span<const double> weight, Activations<double>& a, Activations<double>& da,
                  Parameters<double>& gradient, Kernels /*kernels*/) {
  da.reshape(batch);
  backward_pass<ReadableOps<double>>(config, parameters, batch, weight, a, da, gradient);
}

}  // namespace microgpt
