#include "microgpt/nn/activation.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  template <class T>
  std::vector<T> forward(const Numbers& x, Activation kind) {
    const auto x_ = as<T>(x);
    std::vector<T> y(x.size(), T(-7));
    const auto n = static_cast<Index>(x.size());
    activation_forward<T>(View<T>(y.data(), 1, n), ConstView<T>(x_.data(), 1, n), kind);
    return y;
  }

  template <class T>
  std::vector<T> backward(const Numbers& x, const Numbers& dy, const Numbers& dx0, Activation kind) {
    const auto x_ = as<T>(x);
    const auto dy_ = as<T>(dy);
    auto dx = as<T>(dx0);
    const auto n = static_cast<Index>(x.size());
    activation_backward<T>(View<T>(dx.data(), 1, n), ConstView<T>(dy_.data(), 1, n),
                           ConstView<T>(x_.data(), 1, n), kind);
    return dx;
  }

  }  // namespace

  TEST_CASE("activation: relu and relu2 by hand") {
    CHECK(forward<double>({-2, -0.5, 0, 0.5, 3}, Activation::relu) == Numbers{0, 0, 0, 0.5, 3});
    CHECK(forward<double>({-2, -0.5, 0, 0.5, 3}, Activation::relu2) == Numbers{0, 0, 0, 0.25, 9});
    // The slope at 0 is the source's: 0.
    const Numbers one = {1, 1, 1, 1};
    const Numbers zero(4);
    CHECK(backward<double>({-1, 0, 0.5, 3}, one, zero, Activation::relu) == Numbers{0, 0, 1, 1});
    CHECK(backward<double>({-1, 0, 0.5, 3}, one, zero, Activation::relu2) == Numbers{0, 0, 1, 6});
  }

  TEST_CASE("activation: forward and backward against the formula and the complex step") {
    Noise noise(16);
    for (int i = 0; i < 24; ++i) {
      const Activation kind = i % 2 == 0 ? Activation::relu : Activation::relu2;
      const bool squared = kind == Activation::relu2;
      const auto n = static_cast<std::size_t>(noise.whole(1, 80));
      const Numbers x = noise.numbers(n, 3);
      const Numbers dy = noise.numbers(n);
      const Numbers before = noise.numbers(n);
      const Numbers dx =
          oracle::gradient([&](const auto& z) { return oracle::dot(dy, oracle::activation(z, squared)); }, x);
      INFO((squared ? "relu2" : "relu"), " of ", n, " numbers");

      CHECK(difference(forward<double>(x, kind), oracle::activation(x, squared)) < 1e-15);
      CHECK(difference(backward<double>(x, dy, before, kind), dx) < 1e-14);
      CHECK(difference(forward<float>(x, kind), oracle::activation(x, squared)) < 1e-5);
      CHECK(difference(backward<float>(x, dy, Numbers(n), kind), dx) < 1e-5);
    }
  }
}
