// Attention where a head fits into a vector.
#pragma once

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/fast/vec.hpp"

namespace microgpt::fast {

/// A document's positions begin ... begin + n - 1, and the size of its heads.
struct Document {
  Index begin;
  Index n;
  Index head_size;
};

/// Whether the functions below can work C channels in heads of this size.
inline bool is_narrow(Index C, Index head_size) {
  return C % kWidth == 0 && head_size <= kWidth && (head_size & (head_size - 1)) == 0;
}

/// One document, all heads. pattern, of H n (n + 3) numbers at most, lies as the backward function reads it.
void narrow_attention_forward(Out<float>& z, float* pattern, In<float> q, In<float> k, In<float> v,
                              const Document& document);
void narrow_attention_backward(Out<float>& dq, Out<float>& dk, Out<float>& dv, In<float> dz,
                               const float* pattern, In<float> q, In<float> k, In<float> v,
                               const Document& document);

}  // namespace microgpt::fast
