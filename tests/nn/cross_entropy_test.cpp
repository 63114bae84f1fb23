#include "microgpt/nn/cross_entropy.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  template <class T>
  struct Loss {
    std::vector<T> probs, nll, dlogits;
  };

  template <class T>
  Loss<T> run(Index V, const Numbers& logits, const std::vector<int>& target, const Numbers& weight,
              const Numbers& before) {
    const auto P = static_cast<Index>(target.size());
    const auto logits_ = as<T>(logits);
    Loss<T> loss{std::vector<T>(logits.size(), T(-7)), std::vector<T>(target.size(), T(-7)), as<T>(before)};
    const View<T> probs(loss.probs.data(), P, V);
    cross_entropy_forward<T>(probs, View<T>(loss.nll.data(), P, 1), ConstView<T>(logits_.data(), P, V),
                             target);
    cross_entropy_backward<T>(View<T>(loss.dlogits.data(), P, V), probs, target, as<T>(weight));
    return loss;
  }

  }  // namespace

  TEST_CASE("cross entropy: forward and backward against the formula and the complex step") {
    Noise noise(17);
    for (int i = 0; i < 16; ++i) {
      const int V = noise.whole(i < 2 ? 1 : 2, 30);
      const auto width = static_cast<std::size_t>(V);
      const auto P = static_cast<std::size_t>(noise.whole(1, 12));
      const auto target = noise.wholes(P, 0, V - 1);
      const Numbers logits = noise.numbers(P * width, 6);
      const Numbers weight = noise.numbers(P);
      const Numbers before = noise.numbers(logits.size());
      Numbers probs;
      for (std::size_t p = 0; p < P; ++p) {
        for (const double y : oracle::softmax(oracle::slice(logits, p * width, width))) {
          probs.push_back(y);
        }
      }
      const Numbers nll = oracle::cross_entropy(logits, target, width);
      const Numbers dlogits = oracle::gradient(
          [&](const auto& z) { return oracle::dot(weight, oracle::cross_entropy(z, target, width)); },
          logits);
      INFO("P ", P, " V ", V);

      const auto wide = run<double>(V, logits, target, weight, before);
      CHECK(difference(wide.probs, probs) < 1e-14);
      CHECK(difference(wide.nll, nll) < 1e-14);
      CHECK(difference(wide.dlogits, dlogits) < 1e-14);

      const auto narrow = run<float>(V, logits, target, weight, Numbers(logits.size()));
      CHECK(difference(narrow.probs, probs) < 1e-5);
      CHECK(difference(narrow.nll, nll) < 1e-5);
      CHECK(difference(narrow.dlogits, dlogits) < 1e-5);
    }
  }

  TEST_CASE("cross entropy: stays finite where a probability is 0") {
    const auto narrow = run<float>(2, {0, 500}, {0}, {1}, {0, 0});
    CHECK(narrow.probs[0] == 0);
    CHECK(narrow.nll[0] == 500);
    CHECK(narrow.dlogits == std::vector<float>{-1, 1});
    const auto wide = run<double>(3, {-2000, 0, 0}, {0}, {1}, {0, 0, 0});
    CHECK(wide.nll[0] == doctest::Approx(2000 + std::log(2.0)).epsilon(1e-15));
  }

  TEST_CASE("cross entropy: equal logits cost log V") {
    const auto loss = run<double>(27, Numbers(27), {13}, {1}, Numbers(27));
    CHECK(loss.nll[0] == doctest::Approx(3.295836866004329).epsilon(1e-15));
  }
}
