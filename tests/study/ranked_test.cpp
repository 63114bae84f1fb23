// Orders, angles and entropies of plain lists of numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "microgpt/study/attribution.hpp"
#include "microgpt/study/numbers.hpp"
#include "support/numbers.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("ranked: the first of an order, equal numbers in theirs") {
    const Numbers values = {1, -7, 3, 3, 0, -2};
    using Indices = std::vector<std::size_t>;
    CHECK(ranked(values) == Indices{2, 3, 0, 4, 5, 1});
    CHECK(ranked(values, 2) == Indices{2, 3});
    CHECK(ranked(values, 100).size() == 6);
    CHECK(ranked(values, 3, Order::smallest_first) == Indices{1, 5, 4});
    CHECK(ranked(values, 4, Order::largest_size_first) == Indices{1, 2, 3, 5});
    CHECK(ranked({}).empty());
    // As a stable sort has it.
    Noise noise(351);
    for (int round = 0; round < 50; ++round) {
      Numbers many;
      for (int i = noise.whole(1, 40); i > 0; --i) many.push_back(noise.whole(-3, 3));
      Indices expected(many.size());
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = i;
      std::stable_sort(expected.begin(), expected.end(),
                       [&](std::size_t a, std::size_t b) { return many[a] > many[b]; });
      CHECK(ranked(many) == expected);
      expected.resize(std::min<std::size_t>(5, expected.size()));
      CHECK(ranked(many, 5) == expected);
    }
  }

  TEST_CASE(
      "cosine and entropy: what one can write down, and where the numbers are huge or there is no angle") {
    CHECK(cosine(Numbers{1, 0}, Numbers{1, 1}) == doctest::Approx(std::sqrt(0.5)));
    CHECK(cosine(Numbers{3, 4}, Numbers{-6, -8}) == doctest::Approx(-1));
    CHECK(cosine(Numbers{0, 0}, Numbers{1, 2}) == 0);
    CHECK(cosine(Numbers{1e300, 1e300}, Numbers{1e300, 0}) == doctest::Approx(std::sqrt(0.5)));
    CHECK(entropy(Numbers{0.25, 0.25, 0.25, 0.25}) == doctest::Approx(std::log(4.0)));
    CHECK(entropy(Numbers{0, 1, 0}) == 0);
    CHECK(entropy(Numbers{0.5, 0.25, 0.25}) == doctest::Approx(1.5 * std::log(2.0)));
  }

  TEST_CASE("stages: all of them, only those after layers, or as many as there is room for") {
    const auto names = [](int layers, std::size_t most) {
      std::vector<std::string> list;
      for (const Address& at : residual_stages({.n_layer = layers}, most))
        list.push_back(site_name(at.site, at.layer));
      return list;
    };
    using Names = std::vector<std::string>;
    CHECK(names(0, 6) == Names{"embed.norm"});
    CHECK(names(1, 3) == Names{"embed.norm", "layer0.resid_mid", "layer0.resid_post"});
    CHECK(names(2, 4) == Names{"embed.norm", "layer0.resid_post", "layer1.resid_post"});
    CHECK(names(24, 3) == Names{"embed.norm", "layer11.resid_post", "layer23.resid_post"});
    CHECK(residual_stages({.n_layer = 3}).size() == 7);
  }

  TEST_CASE("rows of a trace are those of its matrices") {
    Noise noise(352);
    const Model model = random_model(noise, 2, Activation::relu);
    const Trace trace = run(model, batch_of({{4, 0, 1, 0, 1, 4}, {4, 2, 3, 4}}));
    for (const SiteInfo& site : kSites) {
      if (site.kind == SiteKind::keys) continue;
      const int layer = site.in_layer ? 1 : 0;
      const Matrix<double> all = trace.values(site.site, layer);
      for (const int p : {0, 6}) {
        const std::vector<double> row = trace.row(site.site, layer, p);
        REQUIRE(static_cast<Index>(row.size()) == all.cols());
        for (Index c = 0; c < all.cols(); ++c) CHECK(row[static_cast<std::size_t>(c)] == all(p, c));
      }
    }
    for (const Site site : {Site::scores, Site::pattern}) {
      for (const std::size_t document : {0U, 1U}) {
        const Matrix<double> all = trace.head(site, 1, 2, document);
        const std::vector<double> row = trace.head_row(site, 1, 2, 2, document);
        REQUIRE(row.size() == 3);
        for (Index j = 0; j < 3; ++j) CHECK(row[static_cast<std::size_t>(j)] == all(2, j));
      }
    }
  }
}
