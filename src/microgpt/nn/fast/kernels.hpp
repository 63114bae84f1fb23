// The fast forms of the operations, for float: what nn/*.hpp says of each holds here too, word for word, but
// for the last digits. The readable forms are their oracle. All matrices must lie in an Arena
// (base/matrix.hpp).
#pragma once

#include <span>

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/activation.hpp"
#include "microgpt/nn/attention.hpp"

namespace microgpt::fast {

void linear_forward(Out<float> y, In<float> x, In<float> w);
void linear_backward(Out<float> dx, Out<float> dw, In<float> dy, In<float> x, In<float> w);
void linear_input_gradient(Out<float> dx, In<float> dy, In<float> w);   // linear_backward's
void linear_weight_gradient(Out<float> dw, In<float> dy, In<float> x);  // two halves

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

void cross_entropy_forward(Out<float> probs, Out<float> nll, In<float> logits, std::span<const int> target);
void cross_entropy_backward(Out<float> dlogits, In<float> probs, std::span<const int> target,
                            std::span<const float> weight);

}  // namespace microgpt::fast
