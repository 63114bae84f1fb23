// Norm, activation, embedding, the sum of the residual stream, softmax and cross entropy.
#pragma once

#include "microgpt/nn/fast/form/rows.hpp"
#include "microgpt/nn/rmsnorm_epsilon.hpp"

namespace microgpt::fast {

namespace {

using In = Rows<const float>;
using Out = Rows<float>;

inline void embedding_forward(Out x, const int* token, const int* position, In wte, In wpe) {
  for (Size p = 0; p < x.rows; ++p) {
    each_vector(x.cols, [&](auto vector) {
      vector(x.row(p), vector(wte.row(token[p])) + vector(wpe.row(position[p])));
    });
  }
}

inline void residual_forward(Out y, In x, In f) {
  for (Size p = 0; p < y.rows; ++p) {
    each_vector(y.cols, [&](auto vector) { vector(y.row(p), vector(x.row(p)) + vector(f.row(p))); });
  }
}

inline void rmsnorm_forward(Out y, float* r, In x) {
  for (Size p = 0; p < x.rows; ++p) {
    const float* from = x.row(p);
    const float mean_square = dot(from, from, x.cols) / static_cast<float>(x.cols);
    r[p] = 1.0F / __builtin_sqrtf(mean_square + static_cast<float>(kRmsNormEpsilon));
    each_vector(x.cols, [&](auto vector) { vector(y.row(p), r[p] * vector(from)); });
  }
}

inline void rmsnorm_backward(Out dx, In dy, In x, const float* r) {
  for (Size p = 0; p < x.rows; ++p) {
    const float along = r[p] * r[p] * r[p] * dot(dy.row(p), x.row(p), x.cols) / static_cast<float>(x.cols);
    each_vector(x.cols, [&](auto vector) {
      const Vec across = multiply_add(every(r[p]), vector(dy.row(p)), vector(dx.row(p)));
      vector(dx.row(p), multiply_add(every(-along), vector(x.row(p)), across));
    });
  }
}

inline void activation_forward(Out y, In x, bool squared) {
  for (Size p = 0; p < x.rows; ++p) {
    each_vector(x.cols, [&](auto vector) {
      const Vec positive = max(Vec{}, vector(x.row(p)));  // in this order NaN stays NaN
      vector(y.row(p), squared ? positive * positive : positive);
    });
  }
}

inline void activation_backward(Out dx, In dy, In x, bool squared) {
  for (Size p = 0; p < x.rows; ++p) {
    each_vector(x.cols, [&](auto vector) {
      const Vec from = vector(x.row(p));
      const Vec slope = squared ? 2.0F * max(from, Vec{}) : (from > 0.0F ? every(1.0F) : Vec{});
      vector(dx.row(p), slope * vector(dy.row(p)));
    });
  }
}

/// What softmax finds on its way: log Σ e^(scale x) = largest + log(sum).
struct Exponentials {
  float largest, sum;
};

/// y = softmax(scale x), scale above 0.
inline Exponentials softmax(float* y, const float* x, Size size, float scale = 1) {
  constexpr float kNothing = -3e38F;
  Vec most = every(kNothing);
  each_vector(size, [&](auto vector) { most = max(most, vector(x, kNothing)); });
  const float m = largest(most);
  const float sum = fold(size, [&](Vec total, auto vector) {
    const Vec e = exponential(scale * (vector(x, kNothing) - m));
    vector(y, e);
    return total + e;
  });
  const float factor = 1.0F / sum;
  each_vector(size, [&](auto vector) { vector(y, factor * vector(y)); });
  return {scale * m, sum};
}

inline void softmax_row(float* y, const float* x, Size size) {
  softmax(y, x, size);
}

/// ln x of a number from 1 on, the same everywhere: with x = 2^n m and m about 1, n ln 2 + 2 artanh((m - 1) / (m + 1)),
/// whose series to the ninth power is good for 9 digits here: two more than a float has.
inline float logarithm(float x) {
  if (!(x < 3e38F)) return x;  // infinite, or no number
  std::int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const std::int32_t n = (bits - 0x3f3504f3) >> 23;  // m from sqrt(1/2) to sqrt(2)
  bits -= n << 23;
  float m;
  std::memcpy(&m, &bits, sizeof m);
  const double z = (static_cast<double>(m) - 1) / (static_cast<double>(m) + 1);
  const double square = z * z;
  constexpr double kSeries[] = {1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0};
  double series = 0;
  for (const double term : kSeries) series = series * square + term;
  return static_cast<float>(n * 0.69314718055994531 + 2 * z * series);
}

inline void cross_entropy_forward(Out probs, float* nll, In logits, const int* target) {
  for (Size p = 0; p < logits.rows; ++p) {
    const float* x = logits.row(p);
    const Exponentials e = softmax(probs.row(p), x, logits.cols);
    nll[p] = e.largest + logarithm(e.sum) - x[target[p]];
  }
}

inline void cross_entropy_backward(Out dlogits, In probs, const int* target, const float* weight) {
  for (Size p = 0; p < probs.rows; ++p) {
    each_vector(probs.cols, [&](auto vector) { vector(dlogits.row(p), weight[p] * vector(probs.row(p))); });
    dlogits.row(p)[target[p]] -= weight[p];
  }
}

}  // namespace

}  // namespace microgpt::fast
