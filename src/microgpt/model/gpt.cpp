#include "microgpt/model/gpt.hpp"

#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"
#include "microgpt/nn/team_ops.hpp"

namespace microgpt {

template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                 Activations<T>& a, Kernels kernels, const Dropout& dropout) {
  a.reshape(batch);
  if (kernels == Kernels::fast) return forward_pass<FastOps<T>>(config, parameters, batch, a, dropout);
  forward_pass<ReadableOps<T>>(config, parameters, batch, a, dropout);
}

template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& gradient,
                  Kernels kernels, const Dropout& dropout) {
  da.reshape(batch);
  if (kernels == Kernels::fast) {
    return backward_pass<FastOps<T>>(config, parameters, batch, weight, a, da, gradient, dropout);
  }
  backward_pass<ReadableOps<T>>(config, parameters, batch, weight, a, da, gradient, dropout);
}

template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                 Activations<T>& a, ThreadTeam& team, const Dropout& dropout) {
  a.reshape(batch);
  forward_pass(config, parameters, batch, a, dropout, NoTap{}, TeamOps<T>{team});
}

template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& gradient,
                  ThreadTeam& team, const Dropout& dropout) {
  da.reshape(batch);
  backward_pass(config, parameters, batch, weight, a, da, gradient, dropout, TeamOps<T>{team});
}

#define MICROGPT_INSTANTIATE(T)                                                                          \
  template void gpt_forward(const ModelConfig&, const Parameters<T>&, const Batch&, Activations<T>&,     \
                            Kernels, const Dropout&);                                                    \
  template void gpt_forward(const ModelConfig&, const Parameters<T>&, const Batch&, Activations<T>&,     \
                            ThreadTeam&, const Dropout&);                                                \
  template void gpt_backward(const ModelConfig&, const Parameters<T>&, const Batch&, std::span<const T>, \
                             Activations<T>&, Activations<T>&, Parameters<T>&, Kernels, const Dropout&); \
  template void gpt_backward(const ModelConfig&, const Parameters<T>&, const Batch&, std::span<const T>, \
                             Activations<T>&, Activations<T>&, Parameters<T>&, ThreadTeam&, const Dropout&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
