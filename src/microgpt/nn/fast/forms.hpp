// The loops that most of the time goes into, compiled once for each kind of processor: form/form.cpp, of which every
// object is a form. What is not raw numbers stays outside, so that no code that was compiled for one processor can be
// taken by the linker for another's: this header is all that both sides share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace microgpt::fast {

using Size = std::ptrdiff_t;

/// A matrix whose rows are `step` numbers apart.
template <class T>
struct Rows {
  T* data;
  Size rows, cols, step;

  [[nodiscard]] T* row(Size r) const { return data + r * step; }
};

/// A matrix whose element (row, col) is data[row * row_step + col * col_step], one of the steps being 1: so is a
/// transpose.
template <class T>
struct Strided {
  const T* data;
  Size row_step, col_step;
};

/// The documents of a batch: d is rows offsets[d] ... offsets[d + 1] - 1. Of what can be worked by itself, a head or a
/// document with all its heads, every parts-th is worked, from number `part` on.
struct Documents {
  const int* offsets;
  Size count;
  Size n_head;
  Size part, parts;
};

/// What Adam needs to know of a step (train/adam.hpp).
template <class T>
struct AdamStep {
  T scale;         ///< of the gradient
  T beta1, beta2;  ///< of the moments
  T rate;          ///< learning rate / (1 - beta1^t)
  T correction;    ///< 1 / (1 - beta2^t)
  T epsilon;
  T keep;                        ///< 1 - learning rate * weight decay
  T tiny_gradient, tiny_moment;  ///< what is smaller than these becomes 0
};

/// For numbers of either precision. All memory must lie in Arenas (base/matrix.hpp).
template <class T>
struct Arithmetic {
  /// c (M, N) = a (M, K) b (K, N), or += where `add`; rows of c are c_step apart. The sum over k is one multiply-add
  /// after the other in the order of k.
  void (*matmul)(Size M, Size N, Size K, Strided<T> a, Strided<T> b, T* c, Size c_step, bool add);
  /// to += from.
  void (*add)(T* to, const T* from, Size size);
  /// Whether no number is NaN or infinite.
  bool (*all_finite)(const T* x, Size size);
  void (*adam)(T* w, T* m, T* v, const T* g, Size size, const AdamStep<T>& step);
  /// x[i] = 0 where the hash of i is below the threshold, or else scale x[i] (nn/dropout.hpp).
  void (*dropout)(T* x, Size size, std::uint32_t row_key, std::uint32_t threshold, T scale);
};

/// The forms of nn/*.hpp in single precision, which say what each computes.
struct Layers {
  /// y (N) = x (K) b, of b (K, N) whose rows are b_step apart, in four partial sums, of every fourth k.
  void (*row_product)(Size N, Size K, const float* x, const float* b, Size b_step, float* y);
  float (*dot)(const float* a, const float* b, Size size);
  void (*embedding_forward)(Rows<float> x, const int* token, const int* position, Rows<const float> wte,
                            Rows<const float> wpe);
  void (*residual_forward)(Rows<float> y, Rows<const float> x, Rows<const float> f);
  void (*rmsnorm_forward)(Rows<float> y, float* r, Rows<const float> x);
  void (*rmsnorm_backward)(Rows<float> dx, Rows<const float> dy, Rows<const float> x, const float* r);
  void (*activation_forward)(Rows<float> y, Rows<const float> x, bool squared);
  void (*activation_backward)(Rows<float> dx, Rows<const float> dy, Rows<const float> x, bool squared);
  void (*attention_forward)(Rows<float> z, float* pattern, Rows<const float> q, Rows<const float> k,
                            Rows<const float> v, Documents documents);
  void (*attention_backward)(Rows<float> dq, Rows<float> dk, Rows<float> dv, float* dscores,
                             Rows<const float> dz, const float* pattern, Rows<const float> q,
                             Rows<const float> k, Rows<const float> v, Documents documents);
  void (*softmax)(float* y, const float* x, Size size);
  void (*cross_entropy_forward)(Rows<float> probs, float* nll, Rows<const float> logits, const int* target);
  void (*cross_entropy_backward)(Rows<float> dlogits, Rows<const float> probs, const int* target,
                                 const float* weight);
};

struct Form {
  const char* name;          ///< "v4": what MICROGPT_CPU calls it
  const char* instructions;  ///< "AVX-512"
  int vector_bits;
  Arithmetic<float> single;
  Arithmetic<double> twice;  ///< of double precision
  Layers layers;
  /// So many rounds of multiply-adds in as many registers as keep the units busy; returns how many operations that is,
  /// a multiply-add counted as two.
  double (*multiply_adds)(int rounds);
};

/// The forms that this processor can run, the widest first.
std::span<const Form* const> forms();

/// The form in use: the widest, or the one that the environment's MICROGPT_CPU names. Throws Error (usage) if that is
/// none of them.
const Form& form();

/// Another from now on. Not while a kernel runs: attention_backward reads what its own attention_forward wrote.
void use_form(const Form& form);

template <class T>
const Arithmetic<T>& arithmetic() {
  if constexpr (sizeof(T) == 4) {
    return form().single;
  } else {
    return form().twice;
  }
}

/// Memory of the calling thread for so many bytes, on a cache line; kept, and given out again at the next call.
void* scratch(std::size_t bytes);

}  // namespace microgpt::fast
