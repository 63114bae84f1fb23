// The fast forms of the operations: what nn/*.hpp says of each holds here too, word for word, but for the last digits.
// The readable forms are their oracle. All matrices must lie in an Arena (base/matrix.hpp). Which loops they run is
// chosen when the program starts (forms.hpp).
#pragma once

#include <span>

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/activation.hpp"
#include "microgpt/nn/attention.hpp"
#include "microgpt/nn/dropout.hpp"

namespace microgpt::fast {

template <class T>
void linear_forward(Out<T> y, In<T> x, In<T> w);
template <class T>
void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w);
template <class T>
void linear_input_gradient(Out<T> dx, In<T> dy, In<T> w);  // linear_backward's
template <class T>
void linear_weight_gradient(Out<T> dw, In<T> dy, In<T> x);  // two halves

/// y (N) = x (K) b, of b (K, N): a row of numbers times a matrix, which is what decoding one token at a time is made of.
/// What follows y in its Arena is read and written back as it was.
void row_product(Index N, Index K, const float* x, const float* b, Index b_step, float* y);

void embedding_forward(Out<float> x, std::span<const int> token, std::span<const int> position, In<float> wte,
                       In<float> wpe);
void embedding_backward(Out<float> dwte, Out<float> dwpe, In<float> dx, std::span<const int> token,
                        std::span<const int> position);

void residual_forward(Out<float> y, In<float> x, In<float> f);

void rmsnorm_forward(Out<float> y, Out<float> r, In<float> x);
void rmsnorm_backward(Out<float> dx, In<float> dy, In<float> x, In<float> r);

void activation_forward(Out<float> y, In<float> x, Activation kind);
void activation_backward(Out<float> dx, In<float> dy, In<float> x, Activation kind);

/// scores is not written; pattern lies as this file's functions like it, and only they can read it.
void attention_forward(Out<float> z, std::span<float> scores, std::span<float> pattern, In<float> q,
                       In<float> k, In<float> v, const PatternLayout& layout);
void attention_backward(Out<float> dq, Out<float> dk, Out<float> dv, std::span<float> dscores,
                        std::span<float> dpattern, In<float> dz, std::span<const float> pattern, In<float> q,
                        In<float> k, In<float> v, const PatternLayout& layout);

template <class T>
void dropout(Out<T> x, const DropoutMask& mask);

void softmax_forward(std::span<float> y, std::span<const float> x);

void cross_entropy_forward(Out<float> probs, Out<float> nll, In<float> logits, std::span<const int> target);
void cross_entropy_backward(Out<float> dlogits, In<float> probs, std::span<const int> target,
                            std::span<const float> weight);

}  // namespace microgpt::fast
