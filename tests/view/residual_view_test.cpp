// The pages of `study residual`: lengths and cosines, by lists of numbers.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  double plain_dot(const Numbers& a, const Numbers& b) {
    double sum = 0;
    for (std::size_t c = 0; c < a.size(); ++c) sum += a[c] * b[c];
    return sum;
  }

  double plain_cosine(const Numbers& a, const Numbers& b) {
    return plain_dot(a, b) / std::sqrt(plain_dot(a, a) * plain_dot(b, b));
  }

  }  // namespace

  TEST_CASE("view: residual shows lengths and angles, at each position and as means over them") {
    Noise noise(4301);
    for (const OddModel& odd : odd_models(noise)) {
      INFO(odd.name());
      const view::Subject subject(odd.model, "odd");
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const MadePage each(view::residual_view(), subject, {{"--text", text.text}, {"--each", ""}});
      const MadePage means(view::residual_view(), subject, {{"--text", text.text}, {"--positions", "0"}});
      const std::size_t n = text.tokens.size() - 1;
      REQUIRE(each.page.sections.size() == n);
      REQUIRE(means.table("positions").rows.size() == n);
      std::vector<std::string> stages;
      for (const auto& row : each.table("position_0").rows) stages.push_back(std::get<std::string>(row[0]));
      CHECK(stages.size() == 1 + 2 * odd.plain.layers);
      for (std::size_t s = 0; s < stages.size(); ++s) {
        double norms = 0, befores = 0, lasts = 0, shortest = 1e300, longest = 0;
        for (std::size_t p = 0; p < n; ++p) {
          const Numbers& x = values.at(stages[s])[p];
          const double norm = std::sqrt(plain_dot(x, x));
          const double before = s == 0 ? 1 : plain_cosine(x, values.at(stages[s - 1])[p]);
          const double last = plain_cosine(x, values.at(stages.back())[p]);
          const std::string key = "position_" + std::to_string(p);
          CHECK(is_near(each.number(key, s, "norm"), norm));
          CHECK(is_near(each.number(key, s, "cosine_before"), before));
          CHECK(is_near(each.number(key, s, "cosine_last"), last));
          norms += norm / static_cast<double>(n);
          befores += before / static_cast<double>(n);
          lasts += last / static_cast<double>(n);
          shortest = std::min(shortest, norm);
          longest = std::max(longest, norm);
          if (s == 0) CHECK(is_near(means.number("positions", p, "embed_norm"), norm));
        }
        CHECK(means.text("stages", s, "stage") == stages[s]);
        CHECK(is_near(means.number("stages", s, "norm"), norms));
        CHECK(is_near(means.number("stages", s, "shortest"), shortest));
        CHECK(is_near(means.number("stages", s, "longest"), longest));
        CHECK(is_near(means.number("stages", s, "cosine_before"), befores));
        CHECK(is_near(means.number("stages", s, "cosine_last"), lasts));
      }
    }
  }

  TEST_CASE("view: residual stays on a page in deep models and long texts") {
    Noise noise(4302);
    const view::Subject deep =
        random_subject(noise, {.n_layer = 24, .n_embd = 4, .n_head = 1, .block_size = 100, .vocab_size = 20});
    const OddText text(deep.model(), noise, 100);
    const MadePage made(view::residual_view(), deep, {{"--text", text.text}});
    CHECK(made.rows() <= 60);
    CHECK(made.table("stages").total_rows == 49);
    CHECK(made.text("stages", made.table("stages").rows.size() - 1, "stage") == "layer23.resid_post");
    CHECK(made.table("positions").total_rows == 100);
    const MadePage one(view::residual_view(), deep, {{"--text", text.text}, {"--position", "99"}});
    CHECK(one.table("position_99").rows.size() == 49);
    CHECK(failure_of([&] {
            MadePage(view::residual_view(), deep, {{"--text", text.text}, {"--position", "100"}});
          }).names("bad --position: 100: the text has positions 0 to 99"));
  }
}
