#include "microgpt/nn/linear.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Shape {
    Index P, I, O;
  };

  template <class T>
  struct Linear {
    std::vector<T> y, dx, dw;
  };

  /// Forward and backward; the gradients begin at dx0 and dw0.
  template <class T>
  Linear<T> run(Shape s, const Numbers& x, const Numbers& w, const Numbers& dy, const Numbers& dx0,
                const Numbers& dw0) {
    const auto x_ = as<T>(x);
    const auto w_ = as<T>(w);
    const auto dy_ = as<T>(dy);
    Linear<T> r{std::vector<T>(dy.size(), T(-7)), as<T>(dx0), as<T>(dw0)};
    const ConstView<T> in(x_.data(), s.P, s.I);
    const ConstView<T> weights(w_.data(), s.O, s.I);
    linear_forward<T>(View<T>(r.y.data(), s.P, s.O), in, weights);
    linear_backward<T>(View<T>(r.dx.data(), s.P, s.I), View<T>(r.dw.data(), s.O, s.I),
                       ConstView<T>(dy_.data(), s.P, s.O), in, weights);
    return r;
  }

  }  // namespace

  TEST_CASE("linear: forward and backward against the formula and the complex step") {
    Noise noise(11);
    std::vector<Shape> shapes = {{1, 1, 1}, {1, 16, 64}, {40, 16, 16}};
    for (int i = 0; i < 12; ++i) {
      shapes.push_back({noise.whole(1, 20), noise.whole(1, 20), noise.whole(1, 20)});
    }
    for (const Shape s : shapes) {
      const auto in = static_cast<std::size_t>(s.I);
      const auto P = static_cast<std::size_t>(s.P);
      const auto O = static_cast<std::size_t>(s.O);
      const Numbers x = noise.numbers(P * in);
      const Numbers w = noise.numbers(O * in);
      const Numbers dy = noise.numbers(P * O);
      const Numbers dx0 = noise.numbers(x.size());
      const Numbers dw0 = noise.numbers(w.size());
      const Numbers dx = oracle::gradient(
          [&](const auto& z) {
            return oracle::dot(dy, oracle::linear(z, {w.begin(), w.end()}, in));
          },
          x);
      const Numbers dw = oracle::gradient(
          [&](const auto& z) {
            return oracle::dot(dy, oracle::linear({x.begin(), x.end()}, z, in));
          },
          w);
      INFO("P ", s.P, " I ", s.I, " O ", s.O);

      const auto wide = run<double>(s, x, w, dy, dx0, dw0);
      CHECK(difference(wide.y, oracle::linear(x, w, in)) < 1e-14);
      CHECK(difference(wide.dx, dx) < 1e-14);
      CHECK(difference(added(wide.dw, dw0), dw) < 1e-14);

      const Numbers zero_x(x.size());
      const Numbers zero_w(w.size());
      const auto narrow = run<float>(s, x, w, dy, zero_x, zero_w);
      CHECK(difference(narrow.y, wide.y) < 1e-5);
      CHECK(difference(narrow.dx, dx) < 1e-5);
      CHECK(difference(narrow.dw, dw) < 1e-5);
    }
  }
}
