#include <doctest/doctest.h>

#include <span>

#include "microgpt/nn/fast/kernels.hpp"
#include "support/forms.hpp"
#include "support/numbers.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("row_product: all sizes, rows that are apart, and nothing written beyond the end") {
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string form_name = form->name;
      CAPTURE(form_name);
      Noise noise(241);
      for (const Index N : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 79, 100, 130}) {
        for (const Index K : {1, 2, 3, 4, 5, 8, 16, 31}) {
          for (const Index apart : {Index{0}, Index{5}}) {
            const Index step = N + apart;
            const Numbers x = noise.numbers(static_cast<std::size_t>(K));
            const Numbers b = noise.numbers(static_cast<std::size_t>(K * step));
            Numbers expected(static_cast<std::size_t>(N));
            for (Index k = 0; k < K; ++k) {
              for (Index n = 0; n < N; ++n) {
                expected[static_cast<std::size_t>(n)] +=
                    x[static_cast<std::size_t>(k)] * b[static_cast<std::size_t>(k * step + n)];
              }
            }
            const auto narrow_x = as<float>(x);
            const Arena<float> narrow_b(b.begin(), b.end());
            Arena<float> y(static_cast<std::size_t>(N) + 20, -7.0F);
            fast::row_product(N, K, narrow_x.data(), narrow_b.data(), step, y.data());
            INFO(N, " columns, ", K, " rows, ", step, " apart");
            CHECK(difference(std::span(y).first(expected.size()), expected) < 1e-5);
            for (std::size_t i = expected.size(); i < y.size(); ++i) CHECK(y[i] == -7.0F);
          }
        }
      }
    }
  }
}
