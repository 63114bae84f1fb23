#include "microgpt/nn/cross_entropy.hpp"

#include "microgpt/nn/softmax.hpp"

namespace microgpt {

template <class T>
void cross_entropy_forward(Out<T> probs, Out<T> nll, In<T> logits, std::span<const int> target) {
  const auto vocab_size = static_cast<std::size_t>(logits.cols());
  for (Index p = 0; p < logits.rows(); ++p) {
    const T log_sum =
        softmax_forward<T>({probs.row(p).data(), vocab_size}, {logits.row(p).data(), vocab_size});
    nll(p, 0) = log_sum - logits(p, target[static_cast<std::size_t>(p)]);
  }
}

template <class T>
void cross_entropy_backward(Out<T> dlogits, In<T> probs, std::span<const int> target,
                            std::span<const T> weight) {
  for (Index p = 0; p < probs.rows(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    // forward: nll = log Σ exp(logits) - logits[target],   so   dlogits = softmax(logits) - onehot(target)
    dlogits.row(p) = weight[i] * probs.row(p);
    dlogits(p, target[i]) -= weight[i];
  }
}

#define MICROGPT_INSTANTIATE(T)                                                        \
  template void cross_entropy_forward<T>(Out<T>, Out<T>, In<T>, std::span<const int>); \
  template void cross_entropy_backward<T>(Out<T>, In<T>, std::span<const int>, std::span<const T>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
