// The pages of `study lens`: lm_head on every stage, by lists of numbers.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  std::vector<std::string> lens_stages(const ModelConfig& config) {
    std::vector<std::string> stages = {"embed.norm"};
    for (int i = 0; i < config.n_layer; ++i) {
      for (const char* site : {"resid_mid", "resid_post"})
        stages.push_back("layer" + std::to_string(i) + "." + site);
    }
    return stages;
  }

  }  // namespace

  TEST_CASE("view: the lens reads every stage through lm_head and ends where the model does") {
    Noise noise(4201);
    for (const OddModel& odd : odd_models(noise)) {
      const view::Subject subject(odd.model, "odd");
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const std::vector<std::string> stages = lens_stages(odd.model.config);
      const std::size_t V = odd.plain.weights.at("lm_head").size();
      const MadePage each(view::lens_view(), subject,
                          {{"--text", text.text}, {"--each", ""}, {"--top", "1000"}});
      REQUIRE(each.page.sections.size() == text.tokens.size() - 1);
      for (std::size_t p = 0; p + 1 < text.tokens.size(); ++p) {
        INFO(odd.name(), ", position ", p);
        const std::string key = "position_" + std::to_string(p);
        const Numbers& probs = values.at("probs")[p];
        // At the end of the text the likeliest, else what comes next.
        const auto likeliest = std::max_element(probs.begin(), probs.end()) - probs.begin();
        const auto expected =
            static_cast<std::size_t>(p + 2 == text.tokens.size() ? likeliest : text.tokens[p + 1]);
        REQUIRE(each.table(key).rows.size() == stages.size());
        for (std::size_t s = 0; s < stages.size(); ++s) {
          CHECK(each.text(key, s, "stage") == stages[s]);
          const Numbers at_stage =
              plain_softmax(plain_product(odd.plain.weights.at("lm_head"), values.at(stages[s])[p]));
          CHECK(is_near(each.number(key, s, "p_expected"), at_stage[expected]));
          CHECK(is_near(each.number(key, s, "loss"), -std::log(at_stage[expected]), 1e-9));
          double total = 0;
          double before = 1;
          for (std::size_t i = 1; i <= V; ++i) {
            const double p_i = each.number(key, s, "p_" + std::to_string(i));
            const Token token =
                subject.token(each.text(key, s, "likeliest_" + std::to_string(i)), "--target");
            CHECK(is_near(p_i, at_stage[static_cast<std::size_t>(token)]));
            CHECK(p_i <= before);
            total += before = p_i;
          }
          CHECK(total == doctest::Approx(1));
        }
        CHECK(is_near(each.number(key, stages.size() - 1, "p_expected"), probs[expected]));
        const MadePage one(view::lens_view(), subject,
                           {{"--text", text.text}, {"--position", std::to_string(p)}});
        CHECK(one.number(key, 0, "p_expected") == each.number(key, 0, "p_expected"));
      }
    }
  }

  TEST_CASE("view: a longer text through the lens is one table of positions and stages") {
    const view::Subject subject = kept_model("induction");
    const MadePage made(view::lens_view(), subject, {{"--text", "abcabc"}});
    const MadePage each(view::lens_view(), subject, {{"--text", "abcabc"}, {"--each", ""}});
    REQUIRE(made.page.sections.size() == 1);
    REQUIRE(made.table("positions").rows.size() == 7);
    REQUIRE(each.page.sections.size() == 7);
    for (std::size_t p = 0; p < 7; ++p) {
      const std::string key = "position_" + std::to_string(p);
      CHECK(made.number("positions", p, "embed_norm") == doctest::Approx(each.number(key, 0, "p_expected")));
      CHECK(made.number("positions", p, "layer1_resid_post")
            == doctest::Approx(each.number(key, 4, "p_expected")));
      CHECK(made.text("positions", p, "likeliest") == each.text(key, 4, "likeliest_1"));
      CHECK(made.number("positions", p, "p_likeliest") == doctest::Approx(each.number(key, 4, "p_1")));
    }
    CHECK(made.text("positions", 1, "expected") == "'b'");
    CHECK(made.text("positions", 6, "expected") == made.text("positions", 6, "likeliest"));
    const MadePage two(view::lens_view(), subject, {{"--text", "abcabc"}, {"--positions", "2"}});
    CHECK(two.table("positions").rows.size() == 2);
    CHECK(two.table("positions").total_rows == 7);
  }

  TEST_CASE("view: the lens stays on a page in deep models, long texts and large vocabularies") {
    Noise noise(4202);
    const view::Subject deep =
        random_subject(noise, {.n_layer = 24, .n_embd = 4, .n_head = 1, .block_size = 100, .vocab_size = 20});
    const OddText text(deep.model(), noise, 100);
    const MadePage made(view::lens_view(), deep, {{"--text", text.text}});
    CHECK(made.rows() <= 60);
    CHECK(made.table("positions").total_rows == 100);
    CHECK(made.table("positions").columns.size() <= 12);
    const MadePage all(view::lens_view(), deep, {{"--text", text.text}, {"--positions", "0"}});
    CHECK(all.table("positions").rows.size() == 100);
    CHECK(all.table("positions").more.empty());
    const MadePage short_text(view::lens_view(), deep, {{"--text", OddText(deep.model(), noise, 3).text}});
    CHECK(short_text.rows() <= 60);

    const view::Subject wide = random_subject(
        noise, {.n_layer = 1, .n_embd = 4, .n_head = 2, .block_size = 8, .vocab_size = 20'000});
    const MadePage of_wide(view::lens_view(), wide, {{"--text", OddText(wide.model(), noise, 7).text}});
    CHECK(of_wide.rows() <= 60);
    CHECK(failure_of([&] {
            MadePage(view::lens_view(), wide, {{"--text", ""}, {"--position", "1"}});
          }).names("the text has only position 0"));
    CHECK(failure_of([&] {
            MadePage(view::lens_view(), wide, {{"--text", "abc"}});
          }).fault
          == static_cast<int>(Fault::data));
    CHECK(failure_of([&] {
            MadePage(view::lens_view(), wide, {{"--text", OddText(wide.model(), noise, 9).text}});
          }).names("reads at most 8"));
    CHECK(failure_of([&] {
            MadePage(view::lens_view(), wide, {{"--text", "\xff"}});
          }).fault
          == static_cast<int>(Fault::usage));
    CHECK(failure_of([&] { MadePage(view::lens_view(), wide, {}); }).names("--text is required"));
  }
}
