// The whole model, forward and backward, over a batch of packed documents (microgpt.py, gpt() and
// the loss): one named call a line, and the backward pass is the same list from the bottom up.
#pragma once

#include <span>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/activations.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/model/config.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/nn/dropout.hpp"

namespace microgpt {

/// The operations have a fast form and a readable one (nn/ops.hpp).
enum class Kernels { fast, readable };

/// Fills `a`, up to probs and nll, for this batch. `dropout` is for training, and the backward pass must be given the
/// same. Tokens, targets and positions must lie within the config's
/// vocabulary and block size. The fast kernels leave scores unwritten and pattern in a layout of their own.
template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                 Activations<T>& a, Kernels kernels = Kernels::fast, const Dropout& dropout = {});

/// Adds the gradient of   loss = Σ_p weight[p] nll[p]   to `gradient`. `a` is as the forward pass, with the
/// same kernels, left it; `da` is overwritten with the gradients of the activations.
template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& gradient,
                  Kernels kernels = Kernels::fast, const Dropout& dropout = {});

/// The same with the fast kernels, every operation shared among the team: for models so large that sharing pays. The
/// same bytes as by one thread. The width must be a multiple of 16.
template <class T>
void gpt_forward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                 Activations<T>& a, ThreadTeam& team, const Dropout& dropout = {});
template <class T>
void gpt_backward(const ModelConfig& config, const Parameters<T>& parameters, const Batch& batch,
                  std::span<const T> weight, Activations<T>& a, Activations<T>& da, Parameters<T>& gradient,
                  ThreadTeam& team, const Dropout& dropout = {});

}  // namespace microgpt
