// Heads, circuits, neurons, embeddings: against the trace of a run, and against sums written out.
#include <doctest/doctest.h>

#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/heads.hpp"
#include "microgpt/study/neurons.hpp"
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

  TEST_CASE("circuits: the QK table holds every score of a run, the OV table what a head writes") {
    Noise noise(332);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 6));
    const Trace trace = run(model, batch);
    for (int head = 0; head < 3; ++head) {
      const Matrix<double> scores = trace.head(Site::scores, 0, head);
      for (int i = 0; i < 6; ++i) {
        for (int j = 0; j <= i; ++j) {
          const Matrix<double> table = qk_table(model, head, i, j);
          CHECK(table.rows() == 5);
          CHECK(table.cols() == 5);
          const double got =
              table(batch.token[static_cast<std::size_t>(i)], batch.token[static_cast<std::size_t>(j)]);
          CHECK_MESSAGE(std::abs(got - scores(i, j)) < 1e-12, "head ", head, " at ", i, " ", j);
        }
      }
      // A head that looks at one position only writes that row.
      for (int j = 0; j < 6; ++j) {
        Address z = {.site = Site::z};
        z.head = head;
        const Matrix<double> v = trace.values(Site::v);
        double expected = 0;
        const int token = batch.token[static_cast<std::size_t>(j)];
        for (int c = 0; c < 12; ++c) {
          for (int d = 0; d < 4; ++d) {
            expected += model.parameters.lm_head()(3, c) * model.parameters.attn_wo(0)(c, head * 4 + d)
                        * v(j, head * 4 + d);
          }
        }
        CHECK(std::abs(ov_table(model, head, j)(token, 3) - expected) < 1e-12);
      }
    }
    CHECK(failure_of([&] { (void)qk_table(model, 3, 1, 0); }).names("bad head: 3: there are 0 to 2"));
    CHECK(failure_of([&] { (void)qk_table(model, 0, 1, 2); }).names("cannot see"));
    CHECK(failure_of([&] { (void)ov_table(model, 0, 6); }).names("bad position: 6"));
    CHECK(failure_of([&] {
            (void)ov_table(random_model(noise, 0, Activation::relu), 0, 0);
          }).names("no layers"));
  }

  TEST_CASE("neurons: counted, and what they write is what the logits gain") {
    Noise noise(333);
    Model model = random_model(noise, 2, Activation::relu);
    model.parameters.mlp_fc1(0).row(5).setZero();  // never above 0
    Batch batch =
        batch_of({random_document(model.config, noise, 6), random_document(model.config, noise, 4)});
    const Trace trace = run(model, batch);
    const auto all = summarize_neurons(model, trace, 3);
    CHECK(all.size() == 2 * 48);
    CHECK(all[5].dead());
    CHECK(all[5].top.empty());
    for (const NeuronSummary& n : all) {
      const Matrix<double> post = trace.values(Site::mlp_post, n.layer);
      int active = 0;
      double best = 0;
      for (Index p = 0; p < 10; ++p) {
        active += post(p, n.neuron) > 0 ? 1 : 0;
        best = std::max(best, post(p, n.neuron));
      }
      CHECK(n.active == doctest::Approx(active / 10.0));
      CHECK(n.top.size() == static_cast<std::size_t>(std::min(active, 3)));
      if (active > 0) {
        CHECK(n.top[0].value == best);
      }
      for (const Firing& f : n.top) {
        CHECK(f.value == post(batch.offsets[f.document] + f.position, n.neuron));
      }
      if (n.layer != 1) continue;
      // One more unit of a last layer's neuron.
      Address at = {.site = Site::mlp_post, .layer = 1};
      at.neuron = n.neuron;
      const Intervention more[] = {{at, [](const Element& e) { return e.value + 1; }}};
      const Matrix<double> gain = run(model, batch, more).values(Site::logits) - trace.values(Site::logits);
      for (Index t = 0; t < 5; ++t) {
        CHECK(std::abs(gain(2, t) - n.writes[static_cast<std::size_t>(t)]) < 1e-12);
      }
    }
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
    CHECK(pca.explained.sum() == doctest::Approx(1));
    // All three together are the points again, turned: distances stay.
    for (Index i = 1; i < 50; ++i) {
      const double before = (points.row(i) - points.row(0)).norm();
      const double after = (pca.coordinates.row(i) - pca.coordinates.row(0)).norm();
      CHECK(after == doctest::Approx(before));
    }
    CHECK(std::abs(pca.coordinates.colwise().mean().norm()) < 1e-12);
    CHECK(std::abs(pca.coordinates.col(0).dot(pca.coordinates.col(1))) < 1e-9);
  }
}
