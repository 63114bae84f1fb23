// Heads, circuits and embeddings whose figures one can write down; plain_views_test.cpp has the rest.
#include <doctest/doctest.h>

#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/heads.hpp"
#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("heads: scores of patterns one can write down") {
    Noise noise(331);
    const Model model = random_model(noise, 1, Activation::relu);
    const Batch batch = batch_of({{4, 0, 1, 0, 1, 4}, {4, 2, 4}});  // BOS a b a b, and BOS c
    // Each head is made to look at one thing only.
    const auto look = [&](const auto& at_key) {
      const Intervention force[] = {{{.site = Site::pattern, .layer = 0}, [&](const Element& e) {
                                       return e.column == at_key(e.position) ? 1.0 : 0.0;
                                     }}};
      return head_scores(run(model, batch, force)).at(1);
    };
    const HeadScores previous = look([](int i) { return i - 1; });
    CHECK(previous.layer == 0);
    CHECK(previous.head == 1);
    CHECK(previous.previous == 1);
    CHECK(previous.first == doctest::Approx(2.0 / 5));  // positions 1 to 4 of one text and 1 of the other
    CHECK(previous.self == 0);
    CHECK(previous.entropy == 0);
    CHECK(previous.duplicate_positions == 2);  // the second a and the second b
    CHECK(previous.duplicate == 0);
    CHECK(previous.induction == 1);  // here what followed the first a, and the first b, stands just before

    CHECK(look([](int i) { return i; }).self == 1);
    CHECK(look([](int) { return 0; }).first == 1);
    const HeadScores duplicate = look([](int i) { return i - 2; });
    CHECK(duplicate.duplicate == 1);
    CHECK(duplicate.induction == 0);
    CHECK(look([](int i) { return i == 3 ? 2 : 0; }).induction == 0.5);  // the second b looks at BOS

    const Intervention even[] = {
        {{.site = Site::pattern, .layer = 0}, [](const Element& e) { return 1.0 / (e.position + 1); }}};
    const double entropy = (2 * std::log(2.0) + std::log(3.0) + std::log(4.0) + std::log(5.0)) / 5;
    CHECK(head_scores(run(model, batch, even)).at(0).entropy == doctest::Approx(entropy));
  }

  TEST_CASE("circuits: heads and positions that are not there are refused with those that are") {
    Noise noise(332);
    const Model model = random_model(noise, 2, Activation::relu);
    CHECK(failure_of([&] { (void)qk_table(model, 3, 1, 0); }).names("bad head: 3: there are 0 to 2"));
    CHECK(failure_of([&] { (void)qk_table(model, 0, 1, 2); }).names("cannot see"));
    CHECK(failure_of([&] { (void)ov_table(model, 0, 6); }).names("bad position: 6: there are 0 to 5"));
    CHECK(failure_of([&] {
            (void)ov_table(random_model(noise, 0, Activation::relu), 0, 0);
          }).names("no layers"));
  }

  TEST_CASE("embeddings: cosines and principal components") {
    Matrix<double> x(4, 2);
    x << 1, 0, 0, 2, 3, 3, 0, 0;
    const Matrix<double> c = cosines(x);
    CHECK(c(0, 1) == doctest::Approx(0));
    CHECK(c(0, 2) == doctest::Approx(std::sqrt(0.5)));
    CHECK(c(2, 2) == doctest::Approx(1));
    CHECK(c(3, 0) == 0);
    CHECK(c(3, 3) == 0);

    // Points on a line, and a little beside it: the direction is the line's.
    Noise noise(334);
    Matrix<double> points(50, 3);
    for (Index i = 0; i < 50; ++i) {
      const double t = noise.number(5);
      points.row(i) << 1 + 2 * t + noise.number(0.01), 5 - 2 * t + noise.number(0.01), t + noise.number(0.01);
    }
    const PrincipalComponents pca = principal_components(points, 3);
    CHECK(std::abs(pca.directions(0, 0)) == doctest::Approx(2.0 / 3).epsilon(0.01));
    CHECK(pca.directions(0, 0) * pca.directions(0, 1) < 0);
    CHECK(pca.explained(0) > 0.999);
  }
}
