#include "microgpt/nn/embedding.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Shape {
    int P, V, T, C;
  };

  template <class S>
  struct Embedded {
    std::vector<S> x, dwte, dwpe;
  };

  template <class S>
  Embedded<S> run(Shape s, const std::vector<int>& token, const std::vector<int>& position,
                  const Numbers& wte, const Numbers& wpe, const Numbers& dx, const Numbers& dwte0,
                  const Numbers& dwpe0) {
    const auto wte_ = as<S>(wte);
    const auto wpe_ = as<S>(wpe);
    const auto dx_ = as<S>(dx);
    Embedded<S> e{std::vector<S>(dx.size(), S(-7)), as<S>(dwte0), as<S>(dwpe0)};
    embedding_forward<S>(View<S>(e.x.data(), s.P, s.C), token, position, ConstView<S>(wte_.data(), s.V, s.C),
                         ConstView<S>(wpe_.data(), s.T, s.C));
    embedding_backward<S>(View<S>(e.dwte.data(), s.V, s.C), View<S>(e.dwpe.data(), s.T, s.C),
                          ConstView<S>(dx_.data(), s.P, s.C), token, position);
    return e;
  }

  }  // namespace

  TEST_CASE("embedding: forward and backward against the formula and the complex step") {
    Noise noise(15);
    for (int i = 0; i < 12; ++i) {
      // More positions than tokens, so that rows come up again and their gradients must add up.
      const Shape s = {noise.whole(1, 30), noise.whole(1, 6), noise.whole(1, 8), noise.whole(1, 9)};
      const auto width = static_cast<std::size_t>(s.C);
      const auto P = static_cast<std::size_t>(s.P);
      const auto token = noise.wholes(P, 0, s.V - 1);
      const auto position = noise.wholes(P, 0, s.T - 1);
      const Numbers wte = noise.numbers(static_cast<std::size_t>(s.V) * width);
      const Numbers wpe = noise.numbers(static_cast<std::size_t>(s.T) * width);
      const Numbers dx = noise.numbers(P * width);
      const Numbers dwte0 = noise.numbers(wte.size());
      const Numbers dwpe0 = noise.numbers(wpe.size());
      const Numbers dwte = oracle::gradient(
          [&](const auto& z) {
            return oracle::dot(dx, oracle::embedding(z, {wpe.begin(), wpe.end()}, token, position, width));
          },
          wte);
      const Numbers dwpe = oracle::gradient(
          [&](const auto& z) {
            return oracle::dot(dx, oracle::embedding({wte.begin(), wte.end()}, z, token, position, width));
          },
          wpe);
      INFO("P ", s.P, " V ", s.V, " T ", s.T, " C ", s.C);

      const auto wide = run<double>(s, token, position, wte, wpe, dx, dwte0, dwpe0);
      CHECK(wide.x == oracle::embedding(wte, wpe, token, position, width));
      CHECK(difference(added(wide.dwte, dwte0), dwte) < 1e-14);
      CHECK(difference(added(wide.dwpe, dwpe0), dwpe) < 1e-14);

      const Numbers no_wte(wte.size());
      const Numbers no_wpe(wpe.size());
      const auto narrow = run<float>(s, token, position, wte, wpe, dx, no_wte, no_wpe);
      CHECK(difference(narrow.x, wide.x) < 1e-5);
      CHECK(difference(narrow.dwte, dwte) < 1e-5);
      CHECK(difference(narrow.dwpe, dwpe) < 1e-5);
    }
  }
}
