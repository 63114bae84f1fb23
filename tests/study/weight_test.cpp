// One weight: its address, where it acts, and the step of the backward pass before it.
#include "microgpt/study/weight.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/study/numbers.hpp"
#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("weight: its address is read as it is written") {
    Noise noise(3);
    const Model model = random_model(noise, 2, Activation::relu);
    const auto& table = model.parameters.table();
    for (const char* text : {"wte[0,0]", "lm_head[4,11]", "layer1.mlp_fc2[11,47]", "layer0.attn_wq[3,5]"}) {
      CHECK(to_string(parse_weight(text, table), table) == text);
    }
    CHECK(parse_weight(" wpe [ 2 , 3 ] ", table) == WeightAddress{1, 2, 3});
    const auto refused = [&](const std::string& text, const std::string& part) {
      const Failure failure = failure_of([&] { (void)parse_weight(text, table, "--weight"); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::usage, {.what = "bad --weight", .value = "'" + text + "'", .hint = part}));
      CHECK(failure.is_one_line());
    };
    refused("", "wte, wpe");
    refused("wtx[0,0]", "wte, wpe");
    refused("wte", "wte[0,0]");
    for (const char* open : {"wte[", "wte[0]", "wte[0,", "wte[0,0", "wte0,0]"}) refused(open, "");
    refused("wte[5,0]", "0 to 4");
    refused("wte[0,12]", "0 to 11");
    refused("wte[-1,0]", "row");
    refused("wte[0,x]", "column");
    refused("wte[0,0,0]", "column");
    refused("wte[99999999999,0]", "row");
  }

  TEST_CASE("weight: the step before a gradient comes to it, at every position and column") {
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      Noise noise(4);
      const Model model = random_model(noise, 2, activation);
      const Trace trace = run(model, batch_of({{4, 0, 1, 0, 3, 4}}), {}, true);
      for (std::size_t tensor = 0; tensor < model.parameters.table().size(); ++tensor) {
        const WeightPlace place = place_of(model, {.tensor = tensor});
        CAPTURE(model.parameters.table()[tensor].name);
        CHECK(place.is_embedding() == (tensor < 2));
        const Index columns = place.to.site == Site::logits ? 5 : 12;
        for (int position = 0; position < 5; ++position) {
          for (Index column = 0; column < columns; ++column) {
            const BackwardStep step = backward_step(model, trace, place, position, column);
            double sum = 0;
            for (const auto& term : step.terms) sum += term.a * term.b;
            CHECK(std::abs(sum * step.factor - step.value) < 1e-13);
            CHECK(step.value == trace.gradient(place.to.site, place.to.layer)(position, column));
          }
        }
      }
    }
  }

  TEST_CASE("trace: a row and a number of it are those of the whole matrix") {
    Noise noise(6);
    const Model model = random_model(noise, 2, Activation::relu);
    const Trace trace = run(model, batch_of({{4, 0, 1, 0, 3, 4}}), {}, true);
    for (const Address& site : sites_of(model.config)) {
      if (info(site.site).kind == SiteKind::keys) continue;
      const Matrix<double> all = trace.values(site.site, site.layer);
      const Matrix<double> gradient = trace.gradient(site.site, site.layer);
      for (int p = 0; p < 5; ++p) {
        const auto row = trace.row(site.site, site.layer, p);
        const auto slopes = trace.gradient_row(site.site, site.layer, p);
        REQUIRE(static_cast<Index>(row.size()) == all.cols());
        for (Index c = 0; c < all.cols(); ++c) {
          CHECK(row[static_cast<std::size_t>(c)] == all(p, c));
          CHECK(trace.value(site.site, site.layer, p, c) == all(p, c));
          CHECK(slopes[static_cast<std::size_t>(c)] == gradient(p, c));
          CHECK(trace.gradient_value(site.site, site.layer, p, c) == gradient(p, c));
        }
      }
    }
  }

  TEST_CASE("numbers: dot, cosine, entropy, and places by size") {
    CHECK(dot(Numbers{1, 2}, Numbers{3, -1}) == 1);
    CHECK(cosine(Numbers{1, 0}, Numbers{1, 1}) == doctest::Approx(std::sqrt(0.5)));
    CHECK(cosine(Numbers{0, 0}, Numbers{1, 1}) == 0);
    CHECK(cosine(Numbers{3e200, 0}, Numbers{3e200, 3e200}) == doctest::Approx(std::sqrt(0.5)));
    CHECK(entropy(Numbers{1, 0}) == 0);
    CHECK(entropy(Numbers{0.25, 0.25, 0.25, 0.25}) == doctest::Approx(std::log(4.0)));
    using Places = std::vector<std::size_t>;
    CHECK(ranked(Numbers{1, 3, 3, -2}) == Places{1, 2, 0, 3});
    CHECK(ranked(Numbers{1, 3, 3, -2}, 2) == Places{1, 2});
    CHECK(ranked(Numbers{1, 3}, 5) == Places{1, 0});
    CHECK(ranked(Numbers{}).empty());
  }
}
