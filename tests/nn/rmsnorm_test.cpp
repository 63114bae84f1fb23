#include "microgpt/nn/rmsnorm.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  template <class T>
  struct Norm {
    std::vector<T> y, r, dx;
  };

  template <class T>
  Norm<T> run(Index P, Index C, const Numbers& x, const Numbers& dy, const Numbers& dx0) {
    const auto x_ = as<T>(x);
    const auto dy_ = as<T>(dy);
    Norm<T> n{std::vector<T>(x.size(), T(-7)), std::vector<T>(static_cast<std::size_t>(P), T(-7)),
              as<T>(dx0)};
    const ConstView<T> in(x_.data(), P, C);
    const View<T> r(n.r.data(), P, 1);
    rmsnorm_forward<T>(View<T>(n.y.data(), P, C), r, in);
    rmsnorm_backward<T>(View<T>(n.dx.data(), P, C), ConstView<T>(dy_.data(), P, C), in, r);
    return n;
  }

  }  // namespace

  TEST_CASE("rmsnorm: forward and backward against the formula and the complex step") {
    Noise noise(12);
    for (int i = 0; i < 20; ++i) {
      const int P = noise.whole(1, 12);
      const int C = i == 0 ? 1 : noise.whole(1, 33);
      const auto width = static_cast<std::size_t>(C);
      // Down to where the epsilon is all there is, since a model's first step may be there.
      const double scale = std::pow(10.0, noise.whole(-4, 2));
      const Numbers x = noise.numbers(static_cast<std::size_t>(P) * width, scale);
      const Numbers dy = noise.numbers(x.size());
      const Numbers dx =
          oracle::gradient([&](const auto& z) { return oracle::dot(dy, oracle::rmsnorm(z, width)); }, x);
      const Numbers expected = oracle::rmsnorm(x, width);
      INFO("P ", P, " C ", C, " scale ", scale);

      const Numbers zero(x.size());
      const auto wide = run<double>(P, C, x, dy, zero);
      CHECK(difference(wide.y, expected) < 1e-14);
      for (std::size_t p = 0; p < wide.r.size(); ++p) {
        const double y = wide.r[p] * x[p * width];
        CHECK_MESSAGE(std::abs(y - expected[p * width]) < 1e-14, "r of row ", p);
      }
      // Relative to the terms that cancel in it, which are as large as r dy.
      double term = 0;
      for (const double r : wide.r) term = std::max(term, r);
      for (std::size_t j = 0; j < dx.size(); ++j) {
        CHECK_MESSAGE(std::abs(wide.dx[j] - dx[j]) < 1e-14 * term, "slope ", j, ": got ", wide.dx[j],
                      ", expected ", dx[j]);
      }
      const auto narrow = run<float>(P, C, x, dy, zero);
      CHECK(difference(narrow.y, wide.y) < 1e-5);
      CHECK(difference(narrow.r, wide.r) < 1e-5);
      for (std::size_t j = 0; j < dx.size(); ++j) {
        CHECK(std::abs(static_cast<double>(narrow.dx[j]) - dx[j]) < 1e-6 * term);
      }
      if (C > 1) CHECK(difference(narrow.dx, dx) < 1e-5);
    }
  }

  TEST_CASE("rmsnorm: backward adds") {
    Noise noise(13);
    const Numbers x = noise.numbers(60);
    const Numbers dy = noise.numbers(60);
    const Numbers before = noise.numbers(60);
    const auto alone = run<double>(5, 12, x, dy, Numbers(60));
    const auto onto = run<double>(5, 12, x, dy, before);
    CHECK(difference(added(onto.dx, before), alone.dx) < 1e-14);
  }

  TEST_CASE("rmsnorm: a row of zeros stays zero") {
    const auto n = run<double>(1, 4, Numbers(4), Numbers{1, 2, 3, 4}, Numbers(4));
    CHECK(n.y == Numbers(4));
    CHECK(n.r[0] == doctest::Approx(1 / std::sqrt(1e-5)));
    CHECK(n.dx[3] == doctest::Approx(4 / std::sqrt(1e-5)));
  }

  TEST_CASE("rmsnorm: the mean square of the result is 1") {
    Noise noise(14);
    const Numbers x = noise.numbers(64, 50);
    const auto n = run<double>(2, 32, x, x, x);
    double squares = 0;
    for (std::size_t i = 0; i < 32; ++i) squares += n.y[i] * n.y[i];
    CHECK(squares / 32 == doctest::Approx(1).epsilon(1e-6));
  }
}
