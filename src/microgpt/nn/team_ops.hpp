// The fast operations, each shared among a team: for models whose single products are long enough to pay for that. The
// bytes do not depend on the team: products and embeddings have the same order of sums however their outcome is cut,
// and all else goes row by row. Rows must be whole cache lines apart.
#pragma once

#include <algorithm>
#include <span>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/nn/ops.hpp"

namespace microgpt {

template <class T>
struct TeamOps {
  using Ops = FastOps<T>;

  ThreadTeam& team;

  void embedding_forward(Out<T> x, std::span<const int> token, std::span<const int> position, In<T> wte,
                         In<T> wpe) const {
    each_rows(x.rows(), [&](Index begin, Index n) {
      Ops::embedding_forward(x.middleRows(begin, n), part(token, begin, n), part(position, begin, n), wte,
                             wpe);
    });
  }
  void embedding_backward(Out<T> dwte, Out<T> dwpe, In<T> dx, std::span<const int> token,
                          std::span<const int> position) const {
    each_share(dx.cols(), [&](Index begin, Index n) {
      Ops::embedding_backward(dwte.middleCols(begin, n), dwpe.middleCols(begin, n), dx.middleCols(begin, n),
                              token, position);
    });
  }

  void residual_forward(Out<T> y, In<T> x, In<T> f) const {
    each_rows(y.rows(), [&](Index begin, Index n) {
      Ops::residual_forward(y.middleRows(begin, n), x.middleRows(begin, n), f.middleRows(begin, n));
    });
  }

  void dropout(Out<T> x, const DropoutMask& mask) const {
    each_rows(x.rows(),
              [&](Index begin, Index n) { Ops::dropout(x.middleRows(begin, n), mask.from_row(begin)); });
  }

  void rmsnorm_forward(Out<T> y, Out<T> r, In<T> x) const {
    each_rows(y.rows(), [&](Index begin, Index n) {
      Ops::rmsnorm_forward(y.middleRows(begin, n), r.middleRows(begin, n), x.middleRows(begin, n));
    });
  }
  void rmsnorm_backward(Out<T> dx, In<T> dy, In<T> x, In<T> r) const {
    each_rows(dx.rows(), [&](Index begin, Index n) {
      Ops::rmsnorm_backward(dx.middleRows(begin, n), dy.middleRows(begin, n), x.middleRows(begin, n),
                            r.middleRows(begin, n));
    });
  }

  // Each part copies its own share of one factor and all of the other: so the longer side is cut.
  void linear_forward(Out<T> y, In<T> x, In<T> w) const {
    const bool by_rows = y.rows() > y.cols();
    each_share(by_rows ? y.rows() : y.cols(), [&](Index begin, Index n) {
      if (by_rows) {
        Ops::linear_forward(y.middleRows(begin, n), x.middleRows(begin, n), w);
      } else {
        Ops::linear_forward(y.middleCols(begin, n), x, w.middleRows(begin, n));
      }
    });
  }
  void linear_backward(Out<T> dx, Out<T> dw, In<T> dy, In<T> x, In<T> w) const {
    const bool dx_by_rows = dx.rows() > dx.cols();
    each_share(dx_by_rows ? dx.rows() : dx.cols(), [&](Index begin, Index n) {
      if (dx_by_rows) {
        fast::linear_input_gradient<T>(dx.middleRows(begin, n), dy.middleRows(begin, n), w);
      } else {
        fast::linear_input_gradient<T>(dx.middleCols(begin, n), dy, w.middleCols(begin, n));
      }
    });
    const bool dw_by_rows = dw.rows() > dw.cols();
    each_share(dw_by_rows ? dw.rows() : dw.cols(), [&](Index begin, Index n) {
      if (dw_by_rows) {
        fast::linear_weight_gradient<T>(dw.middleRows(begin, n), dy.middleCols(begin, n), x);
      } else {
        fast::linear_weight_gradient<T>(dw.middleCols(begin, n), dy, x.middleCols(begin, n));
      }
    });
  }

  void activation_forward(Out<T> y, In<T> x, Activation kind) const {
    each_rows(y.rows(), [&](Index begin, Index n) {
      Ops::activation_forward(y.middleRows(begin, n), x.middleRows(begin, n), kind);
    });
  }
  void activation_backward(Out<T> dx, In<T> dy, In<T> x, Activation kind) const {
    each_rows(dx.rows(), [&](Index begin, Index n) {
      Ops::activation_backward(dx.middleRows(begin, n), dy.middleRows(begin, n), x.middleRows(begin, n),
                               kind);
    });
  }

  void attention_forward(Out<T> z, std::span<T> scores, std::span<T> pattern, In<T> q, In<T> k, In<T> v,
                         const PatternLayout& layout) const {
    each_part(layout,
              [&](const PatternLayout& some) { Ops::attention_forward(z, scores, pattern, q, k, v, some); });
  }
  void attention_backward(Out<T> dq, Out<T> dk, Out<T> dv, std::span<T> dscores, std::span<T> dpattern,
                          In<T> dz, std::span<const T> pattern, In<T> q, In<T> k, In<T> v,
                          const PatternLayout& layout) const {
    each_part(layout, [&](const PatternLayout& some) {
      Ops::attention_backward(dq, dk, dv, dscores, dpattern, dz, pattern, q, k, v, some);
    });
  }

  void cross_entropy_forward(Out<T> probs, Out<T> nll, In<T> logits, std::span<const int> target) const {
    each_rows(probs.rows(), [&](Index begin, Index n) {
      Ops::cross_entropy_forward(probs.middleRows(begin, n), nll.middleRows(begin, n),
                                 logits.middleRows(begin, n), part(target, begin, n));
    });
  }
  void cross_entropy_backward(Out<T> dlogits, In<T> probs, std::span<const int> target,
                              std::span<const T> weight) const {
    each_rows(probs.rows(), [&](Index begin, Index n) {
      Ops::cross_entropy_backward(dlogits.middleRows(begin, n), probs.middleRows(begin, n),
                                  part(target, begin, n), part(weight, begin, n));
    });
  }

 private:
  template <class Number>
  static std::span<const Number> part(std::span<const Number> all, Index begin, Index n) {
    return all.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(n));
  }

  /// work(begin, n) for rows that cost little each.
  template <class Work>
  void each_rows(Index rows, const Work& work) const {
    constexpr Index kRows = 64;
    team.run(static_cast<int>((rows + kRows - 1) / kRows), [&](int task, int /*worker*/) {
      const Index begin = task * kRows;
      work(begin, std::min(kRows, rows - begin));
    });
  }

  /// work(begin, n) for one share of rows or columns for each thread: of whole tiles of a product, the last with what is
  /// left over. (None has just a few rows, which linear_forward would add up in another order.)
  template <class Work>
  void each_share(Index size, const Work& work) const {
    constexpr Index kUnit = 96;
    const Index units = std::max<Index>(1, size / kUnit);
    const Index shares = std::min<Index>(units, team.size());
    team.run(static_cast<int>(shares), [&](int share, int /*worker*/) {
      const Index begin = units * share / shares * kUnit;
      work(begin, (share + 1 == shares ? size : units * (share + 1) / shares * kUnit) - begin);
    });
  }

  /// work(some of the heads).
  template <class Work>
  void each_part(const PatternLayout& layout, const Work& work) const {
    const auto heads = static_cast<int>(layout.offsets.size() - 1) * layout.n_head;
    const int parts = std::min(heads, 4 * team.size());
    team.run(parts, [&](int part, int /*worker*/) {
      work(PatternLayout{.offsets = layout.offsets, .n_head = layout.n_head, .part = part, .parts = parts});
    });
  }
};

}  // namespace microgpt
