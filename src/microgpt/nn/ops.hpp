// The seam between the readable forms of the operations and the fast ones. The passes through the model
// (model/passes.hpp) are written once, on one of these lists.
#pragma once

#include "microgpt/nn/activation.hpp"
#include "microgpt/nn/attention.hpp"
#include "microgpt/nn/cross_entropy.hpp"
#include "microgpt/nn/dropout.hpp"
#include "microgpt/nn/embedding.hpp"
#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/linear.hpp"
#include "microgpt/nn/residual.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt {

/// The forms that documents explain and that the fast ones are tested against.
template <class T>
struct ReadableOps {
  static constexpr auto embedding_forward = microgpt::embedding_forward<T>;
  static constexpr auto embedding_backward = microgpt::embedding_backward<T>;
  static constexpr auto rmsnorm_forward = microgpt::rmsnorm_forward<T>;
  static constexpr auto rmsnorm_backward = microgpt::rmsnorm_backward<T>;
  static constexpr auto linear_forward = microgpt::linear_forward<T>;
  static constexpr auto linear_backward = microgpt::linear_backward<T>;
  static constexpr auto attention_forward = microgpt::attention_forward<T>;
  static constexpr auto attention_scores = microgpt::attention_scores<T>;
  static constexpr auto attention_pattern = microgpt::attention_pattern<T>;
  static constexpr auto attention_values = microgpt::attention_values<T>;
  static constexpr auto attention_backward = microgpt::attention_backward<T>;
  static constexpr auto residual_forward = microgpt::residual_forward<T>;
  static constexpr auto dropout = microgpt::dropout<T>;
  static constexpr auto activation_forward = microgpt::activation_forward<T>;
  static constexpr auto activation_backward = microgpt::activation_backward<T>;
  static constexpr auto cross_entropy_forward = microgpt::cross_entropy_forward<T>;
  static constexpr auto cross_entropy_backward = microgpt::cross_entropy_backward<T>;
};

/// What training, evaluation and study use: of double precision only the products, which take most of the time.
template <class T>
struct FastOps;
template <>
struct FastOps<double> : ReadableOps<double> {
  static constexpr auto linear_forward = fast::linear_forward<double>;
  static constexpr auto linear_backward = fast::linear_backward<double>;
  static constexpr auto dropout = fast::dropout<double>;
};
template <>
struct FastOps<float> : ReadableOps<float> {
  static constexpr auto embedding_forward = fast::embedding_forward;
  static constexpr auto embedding_backward = fast::embedding_backward;
  static constexpr auto residual_forward = fast::residual_forward;
  static constexpr auto dropout = fast::dropout<float>;
  static constexpr auto rmsnorm_forward = fast::rmsnorm_forward;
  static constexpr auto rmsnorm_backward = fast::rmsnorm_backward;
  static constexpr auto linear_forward = fast::linear_forward<float>;
  static constexpr auto linear_backward = fast::linear_backward<float>;
  static constexpr auto attention_forward = fast::attention_forward;
  static constexpr auto attention_backward = fast::attention_backward;
  static constexpr auto activation_forward = fast::activation_forward;
  static constexpr auto activation_backward = fast::activation_backward;
  static constexpr auto cross_entropy_forward = fast::cross_entropy_forward;
  static constexpr auto cross_entropy_backward = fast::cross_entropy_backward;
};

}  // namespace microgpt
