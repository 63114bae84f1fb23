#include "microgpt/nn/attention.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Shape {
    std::vector<int> offsets;
    int n_head = 1;
    int C = 1;

    [[nodiscard]] int positions() const { return offsets.back(); }
    [[nodiscard]] std::size_t numbers() const {
      return static_cast<std::size_t>(positions()) * static_cast<std::size_t>(C);
    }
  };

  Shape random_shape(Noise& noise) {
    Shape s;
    s.n_head = noise.whole(1, 4);
    s.C = s.n_head * noise.whole(1, 5);
    s.offsets = {0};
    for (int d = noise.whole(1, 5); d > 0; --d) {
      s.offsets.push_back(s.offsets.back() + noise.whole(1, 7));
    }
    return s;
  }

  std::string describe(const Shape& s) {
    std::string text = "H " + std::to_string(s.n_head) + " C " + std::to_string(s.C) + " documents";
    for (std::size_t d = 1; d < s.offsets.size(); ++d) {
      text += " " + std::to_string(s.offsets[d] - s.offsets[d - 1]);
    }
    return text;
  }

  struct Inputs {
    Numbers q, k, v, dz;
  };

  Inputs random_inputs(const Shape& s, Noise& noise) {
    const std::size_t n = s.numbers();
    return {noise.numbers(n, 2), noise.numbers(n, 2), noise.numbers(n), noise.numbers(n)};
  }

  template <class T>
  struct Attended {
    std::vector<T> z, scores, pattern, dq, dk, dv;
  };

  template <class T>
  Attended<T> run(const Shape& s, const Inputs& in, const Numbers& dq0, const Numbers& dk0,
                  const Numbers& dv0) {
    const PatternLayout layout{s.offsets, s.n_head};
    const auto heads = static_cast<std::size_t>(layout.size());
    const auto q = as<T>(in.q);
    const auto k = as<T>(in.k);
    const auto v = as<T>(in.v);
    const auto dz = as<T>(in.dz);
    const auto view = [&](const std::vector<T>& x) { return ConstView<T>(x.data(), s.positions(), s.C); };
    const auto out = [&](std::vector<T>& x) { return View<T>(x.data(), s.positions(), s.C); };
    Attended<T> a{std::vector<T>(s.numbers(), T(-7)),
                  std::vector<T>(heads, T(-7)),
                  std::vector<T>(heads, T(-7)),
                  as<T>(dq0),
                  as<T>(dk0),
                  as<T>(dv0)};
    attention_forward<T>(out(a.z), a.scores, a.pattern, view(q), view(k), view(v), layout);
    std::vector<T> dscores(heads);
    std::vector<T> dpattern(heads);
    attention_backward<T>(out(a.dq), out(a.dk), out(a.dv), dscores, dpattern, view(dz), a.pattern, view(q),
                          view(k), view(v), layout);
    return a;
  }

  Numbers slopes(const Shape& s, const Inputs& in, char which) {
    using List = oracle::List<oracle::Complex>;
    const List q(in.q.begin(), in.q.end());
    const List k(in.k.begin(), in.k.end());
    const List v(in.v.begin(), in.v.end());
    return oracle::gradient(
        [&](const List& x) {
          return oracle::dot(in.dz, oracle::attention(which == 'q' ? x : q, which == 'k' ? x : k,
                                                      which == 'v' ? x : v, static_cast<std::size_t>(s.C),
                                                      s.offsets, static_cast<std::size_t>(s.n_head)));
        },
        which == 'q'   ? in.q
        : which == 'k' ? in.k
                       : in.v);
  }

  }  // namespace

  TEST_CASE("attention: forward and backward against the formula and the complex step") {
    Noise noise(18);
    for (int i = 0; i < 16; ++i) {
      Shape s = random_shape(noise);
      if (i == 0) s = {{0, 1}, 1, 1};
      if (i == 1) s = {{0, 16}, 4, 16};
      const Inputs in = random_inputs(s, noise);
      const Numbers dq0 = noise.numbers(s.numbers());
      const Numbers dk0 = noise.numbers(s.numbers());
      const Numbers dv0 = noise.numbers(s.numbers());
      const Numbers z = oracle::attention(in.q, in.k, in.v, static_cast<std::size_t>(s.C), s.offsets,
                                          static_cast<std::size_t>(s.n_head));
      const Numbers dq = slopes(s, in, 'q');
      const Numbers dk = slopes(s, in, 'k');
      const Numbers dv = slopes(s, in, 'v');
      INFO(describe(s));

      // Of q and k the gradient is exactly 0 where only one key is seen: hence no ratio.
      const auto error = [](const auto& got, const Numbers& expected) {
        double worst = 0;
        for (std::size_t j = 0; j < expected.size(); ++j) {
          worst = std::max(worst, std::abs(static_cast<double>(got[j]) - expected[j]));
        }
        return got.size() == expected.size() ? worst : 1.0;
      };
      const auto wide = run<double>(s, in, dq0, dk0, dv0);
      CHECK(difference(wide.z, z) < 1e-14);
      CHECK(error(wide.dq, dq) < 1e-14);
      CHECK(error(wide.dk, dk) < 1e-14);
      CHECK(error(wide.dv, dv) < 1e-14);

      const Numbers zero(s.numbers());
      const auto narrow = run<float>(s, in, zero, zero, zero);
      CHECK(difference(narrow.z, z) < 1e-5);
      CHECK(error(narrow.dq, dq) < 3e-6);
      CHECK(error(narrow.dk, dk) < 3e-6);
      CHECK(difference(narrow.dv, dv) < 1e-5);
    }
  }

  TEST_CASE("attention: every row of the pattern sums to 1 and is 0 over what is to come") {
    Noise noise(19);
    for (int i = 0; i < 10; ++i) {
      const Shape s = random_shape(noise);
      const auto a = run<double>(s, random_inputs(s, noise), Numbers(s.numbers()), Numbers(s.numbers()),
                                 Numbers(s.numbers()));
      INFO(describe(s));
      std::size_t at = 0;
      for (std::size_t d = 0; d + 1 < s.offsets.size(); ++d) {
        const auto n = static_cast<std::size_t>(s.offsets[d + 1] - s.offsets[d]);
        for (int h = 0; h < s.n_head; ++h) {
          for (std::size_t row = 0; row < n; ++row) {
            double sum = 0;
            for (std::size_t key = 0; key < n; ++key, ++at) {
              sum += a.pattern[at];
              if (key > row) CHECK(a.pattern[at] == 0.0);
              if (key <= row) CHECK(a.pattern[at] > 0.0);
            }
            CHECK(std::abs(sum - 1) < 1e-14);
          }
        }
      }
      CHECK(at == a.pattern.size());
    }
  }

  TEST_CASE("attention: what comes later and what other documents hold changes nothing") {
    Noise noise(20);
    const Shape s = {{0, 4, 9}, 2, 6};
    const Inputs in = random_inputs(s, noise);
    const Numbers zero(s.numbers());
    const auto before = run<double>(s, in, zero, zero, zero);
    Inputs other = in;
    // Position 6 is the third of the second document.
    for (std::size_t c = 0; c < 6; ++c) {
      other.k[6 * 6 + c] = 100;
      other.v[6 * 6 + c] = -100;
    }
    const auto after = run<double>(s, other, zero, zero, zero);
    for (std::size_t j = 0; j < s.numbers(); ++j) {
      if (j < 6 * 6) CHECK_MESSAGE(after.z[j] == before.z[j], "position ", j / 6);
      if (j >= 6 * 6) CHECK_MESSAGE(after.z[j] != before.z[j], "position ", j / 6);
    }
  }

  TEST_CASE("attention: fewer queries than keys see the last ones") {
    Noise noise(22);
    for (int i = 0; i < 12; ++i) {
      const int n = noise.whole(1, 4);
      const int m = n + noise.whole(0, 6);
      const int size = noise.whole(1, 6);
      const auto numbers = [&](int rows, double scale) {
        return noise.numbers(static_cast<std::size_t>(rows * size), scale);
      };
      const Numbers q = numbers(n, 2);
      const Numbers k = numbers(m, 2);
      const Numbers v = numbers(m, 1);
      Numbers expected(q.size());
      oracle::attention_head(expected, q.data(), k.data(), v.data(), static_cast<std::size_t>(n),
                             static_cast<std::size_t>(m), static_cast<std::size_t>(size),
                             static_cast<std::size_t>(size), 0);
      Numbers z(q.size());
      Numbers scores(static_cast<std::size_t>(n * m));
      Numbers pattern(scores.size(), -7);
      attention_head_forward<double>(View<double>(z.data(), n, size), View<double>(scores.data(), n, m),
                                     View<double>(pattern.data(), n, m), ConstView<double>(q.data(), n, size),
                                     ConstView<double>(k.data(), m, size),
                                     ConstView<double>(v.data(), m, size));
      CHECK_MESSAGE(difference(z, expected) < 1e-14, "n ", n, " m ", m, " D ", size);
    }
  }

  TEST_CASE("attention: a layout counts its numbers") {
    const std::vector<int> offsets = {0, 3, 4, 9};
    CHECK(PatternLayout{offsets, 2}.size() == 2 * (9 + 1 + 25));
    CHECK(PatternLayout{std::span(offsets).first(1), 2}.size() == 0);
  }
}
