#include <cmath>

#include "microgpt/nn/fast/kernels.hpp"
#include "microgpt/nn/fast/rows.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt::fast {

void rmsnorm_forward(Out<float> y, Out<float> r, In<float> x) {
  const Index C = x.cols();
  for (Index p = 0; p < x.rows(); ++p) {
    const float* from = at(x, p, 0);
    const float mean_square = dot(from, from, C) / static_cast<float>(C);
    const float scale = 1.0F / std::sqrt(mean_square + static_cast<float>(kRmsNormEpsilon));
    r(p, 0) = scale;
    each_vector(C, [&](auto get, auto put) { put(at(y, p, 0), scale * get(from)); });
  }
}

void rmsnorm_backward(Out<float> dx, In<float> dy, In<float> x, In<float> r) {
  const Index C = x.cols();
  for (Index p = 0; p < x.rows(); ++p) {
    const float scale = r(p, 0);
    const float along = scale * scale * scale * dot(at(dy, p, 0), at(x, p, 0), C) / static_cast<float>(C);
    each_vector(C, [&](auto get, auto put) {
      put(at(dx, p, 0), get(at(dx, p, 0)) + scale * get(at(dy, p, 0)) - along * get(at(x, p, 0)));
    });
  }
}

void activation_forward(Out<float> y, In<float> x, Activation kind) {
  for (Index p = 0; p < x.rows(); ++p) {
    each_vector(x.cols(), [&](auto get, auto put) {
      const Vec positive = max(Vec{}, get(at(x, p, 0)));  // in this order NaN stays NaN
      put(at(y, p, 0), kind == Activation::relu ? positive : positive * positive);
    });
  }
}

void activation_backward(Out<float> dx, In<float> dy, In<float> x, Activation kind) {
  for (Index p = 0; p < x.rows(); ++p) {
    each_vector(x.cols(), [&](auto get, auto put) {
      const Vec from = get(at(x, p, 0));
      const Vec slope =
          kind == Activation::relu ? (from > 0.0F ? Vec{} + 1.0F : Vec{}) : 2.0F * max(from, Vec{});
      put(at(dx, p, 0), slope * get(at(dy, p, 0)));
    });
  }
}

void cross_entropy_forward(Out<float> probs, Out<float> nll, In<float> logits, std::span<const int> target) {
  const Index V = logits.cols();
  const Index whole = V / kWidth * kWidth;
  for (Index p = 0; p < logits.rows(); ++p) {
    const float* x = at(logits, p, 0);
    float* y = at(probs, p, 0);
    Vec most = Vec{} - 3e38F;
    for (Index i = 0; i < whole; i += kWidth) most = max(most, load(x + i));
    if (whole < V) most = max(most, load_part(x + whole, V - whole, -3e38F));
    const float m = largest(most);

    Vec total = {};
    if (whole < V) {
      store_part(y + whole, exponential(load_part(x + whole, V - whole, m) - m), V - whole);
      total = load_part(y + whole, V - whole);
    }
    for (Index i = 0; i < whole; i += kWidth) {
      const Vec e = exponential(load(x + i) - m);
      store(y + i, e);
      total += e;
    }
    const float sum_of_all = sum(total);
    const float factor = 1.0F / sum_of_all;
    each_vector(V, [&](auto get, auto put) { put(y, factor * get(y)); });
    nll(p, 0) = m + std::log(sum_of_all) - x[target[static_cast<std::size_t>(p)]];
  }
}

void cross_entropy_backward(Out<float> dlogits, In<float> probs, std::span<const int> target,
                            std::span<const float> weight) {
  for (Index p = 0; p < probs.rows(); ++p) {
    const auto i = static_cast<std::size_t>(p);
    each_vector(probs.cols(),
                [&](auto get, auto put) { put(at(dlogits, p, 0), weight[i] * get(at(probs, p, 0))); });
    dlogits(p, target[i]) -= weight[i];
  }
}

}  // namespace microgpt::fast
