#include <cmath>
#include <complex>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/plain_model.hpp"
#include "support/study.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("view: gradients are the plain model's by complex steps, and the differences agree") {
    using Complex = std::complex<double>;
    Noise noise(451);
    const view::Subject subject(random_model(noise, 1, Activation::relu, 6, 3), "made up");
    const MadePage page(view::gradients_view(), subject, {{"--text", "abca"}});
    const view::Table& table = page.table("tensors");
    auto model = plain<Complex>(subject.config(), subject.model().parameters);
    const std::vector<int> tokens = {4, 0, 1, 2, 0, 4};
    const auto& specs = subject.model().parameters.table();
    REQUIRE(table.rows.size() == specs.size());
    CHECK(number_in(page.fact("loss")) == doctest::Approx(plain_run(model, tokens).loss().real()));
    for (std::size_t t = 0; t < specs.size(); ++t) {
      CAPTURE(specs[t].name);
      CHECK(text_in(table, t, "tensor") == specs[t].name);
      double squares = 0;
      double largest = 0;
      int zeros = 0;
      std::string at;
      auto& weights = model.weights.at(specs[t].name);
      for (std::size_t r = 0; r < weights.size(); ++r) {
        for (std::size_t c = 0; c < weights[r].size(); ++c) {
          weights[r][c] += Complex(0, 1e-40);
          const double slope = plain_run(model, tokens).loss().imag() / 1e-40;
          weights[r][c] = weights[r][c].real();
          squares += slope * slope;
          if (slope == 0) ++zeros;
          if (std::abs(slope) <= std::abs(largest)) continue;
          largest = slope;
          at = specs[t].name + "[" + std::to_string(r) + "," + std::to_string(c) + "]";
        }
      }
      CHECK(number_in(table, t, "norm") == doctest::Approx(std::sqrt(squares)));
      CHECK(number_in(table, t, "largest") == doctest::Approx(largest));
      CHECK(text_in(table, t, "largest_at") == at);
      CHECK(number_in(table, t, "zeros")
            == doctest::Approx(static_cast<double>(zeros)
                               / static_cast<double>(specs[t].rows * specs[t].cols)));
      CHECK(std::abs(number_in(table, t, "by_differences") - largest) < 1e-7 + 1e-5 * std::abs(largest));
    }
    CHECK(page.section("tensors").figure->kind == view::Figure::Kind::bars);
    CHECK(page.progress.back() == 1);
  }

  TEST_CASE("view: gradients that are 0 agree with 0") {
    Noise noise(452);
    study::Model model = random_model(noise, 1, Activation::relu);
    model.parameters.mlp_fc1(0).setZero();  // no neuron fires
    const view::Subject subject(model, "made up");
    const MadePage page(view::gradients_view(), subject, {{"--text", "ab"}});
    const view::Table& table = page.table("tensors");
    const std::size_t fc2 = row_of(table, "layer0.mlp_fc2");
    CHECK(number_in(table, fc2, "norm") == 0);
    CHECK(number_in(table, fc2, "zeros") == 1);
    CHECK(std::holds_alternative<Agreement>(cell(table, fc2, "by_differences")));
    CHECK(std::get<Agreement>(cell(table, fc2, "by_differences")).only_rounding());
  }

  TEST_CASE("view: gradients shows the tensors with the largest norms, and compares as many as it is told") {
    Noise noise(453);
    const view::Subject subject(random_model(noise, 8, Activation::relu), "made up");
    const MadePage all(view::gradients_view(), subject, {{"--text", "abcd"}, {"--top", "0"}});
    CHECK(all.table("tensors").rows.size() == 3 + 6 * 8);
    CHECK(all.table("tensors").total_rows == 0);
    const MadePage usual(view::gradients_view(), subject, {{"--text", "abcd"}});
    CHECK(usual.table("tensors").rows.size() == 40);
    CHECK(usual.table("tensors").total_rows == 51);
    const MadePage few(view::gradients_view(), subject,
                       {{"--text", "abcd"}, {"--top", "5"}, {"--differences", "2"}});
    const view::Table& table = few.table("tensors");
    REQUIRE(table.rows.size() == 5);
    double smallest = 1e300;
    int compared = 0;
    for (std::size_t r = 0; r < 5; ++r) {
      smallest = std::min(smallest, number_in(table, r, "norm"));
      if (!is_empty(cell(table, r, "by_differences"))) ++compared;
    }
    CHECK(compared == 2);
    CHECK(number_in(few.fact("differences")) == 2);
    std::size_t larger = 0;
    for (std::size_t r = 0; r < 51; ++r) {
      if (number_in(all.table("tensors"), r, "norm") > smallest) ++larger;
    }
    CHECK(larger == 4);
    const MadePage none(view::gradients_view(), subject, {{"--text", "abcd"}, {"--differences", "0"}});
    CHECK(number_in(none.fact("differences")) == 0);
  }

  TEST_CASE("view: gradients refuses texts that the model cannot read") {
    const view::Subject subject = kept_model("names");
    const auto fault = [&](const std::vector<std::pair<std::string, std::string>>& options) {
      return failure_of([&] { (void)MadePage(view::gradients_view(), subject, options); }).fault;
    };
    CHECK(fault({}) == 2);
    CHECK(fault({{"--text", "an7a"}}) == 3);
    CHECK(fault({{"--text", "an\xc3"}}) == 2);
    CHECK(fault({{"--text", std::string(17, 'a')}}) == 2);
  }

  TEST_CASE("view: gradients of 20,000 tokens are bounded") {
    const view::Subject subject = subject_of_many_tokens();
    const MadePage page(view::gradients_view(), subject, {{"--text", "abcdefghijklmno"}});
    CHECK(page.table("tensors").rows.size() == 9);
    CHECK(number_in(page.fact("differences")) >= 1);
  }
}
