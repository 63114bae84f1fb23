#include "microgpt/nn/embedding.hpp"

namespace microgpt {

template <class T>
void embedding_forward(Out<T> x, std::span<const int> token, std::span<const int> position, In<T> wte,
                       In<T> wpe) {
  for (Index p = 0; p < x.rows(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    x.row(p) = wte.row(token[i]) + wpe.row(position[i]);
  }
}

template <class T>
void embedding_backward(Out<T> dwte, Out<T> dwpe, In<T> dx, std::span<const int> token,
                        std::span<const int> position) {
  for (Index p = 0; p < dx.rows(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    // forward: x[p] = wte[token[p]] + wpe[position[p]]
    dwte.row(token[i]) += dx.row(p);
    dwpe.row(position[i]) += dx.row(p);
  }
}

#define MICROGPT_INSTANTIATE(T)                                                                         \
  template void embedding_forward<T>(Out<T>, std::span<const int>, std::span<const int>, In<T>, In<T>); \
  template void embedding_backward<T>(Out<T>, Out<T>, In<T>, std::span<const int>, std::span<const int>);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
