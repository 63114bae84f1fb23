#include "microgpt/model/gpt.hpp"

#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"

namespace microgpt {

template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                 Activations<T>& a, Kernels kernels) {
  a.reshape(batch);
  if (kernels == Kernels::fast) return forward_pass<FastOps<T>>(config, parameters, batch, a);
  forward_pass<ReadableOps<T>>(config, parameters, batch, a);
}

template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& gradient,
                  Kernels kernels) {
  da.reshape(batch);
  if (kernels == Kernels::fast) {
    return backward_pass<FastOps<T>>(config, parameters, batch, weight, a, da, gradient);
  }
  backward_pass<ReadableOps<T>>(config, parameters, batch, weight, a, da, gradient);
}

template void gpt_forward(const ModelConfig&, const Parameters<float>&, const Batch&, Activations<float>&,
                          Kernels);
template void gpt_forward(const ModelConfig&, const Parameters<double>&, const Batch&, Activations<double>&,
                          Kernels);
template void gpt_backward(const ModelConfig&, const Parameters<float>&, const Batch&, std::span<const float>,
                           Activations<float>&, Activations<float>&, Parameters<float>&, Kernels);
template void gpt_backward(const ModelConfig&, const Parameters<double>&, const Batch&,
                           std::span<const double>, Activations<double>&, Activations<double>&,
                           Parameters<double>&, Kernels);

}  // namespace microgpt
