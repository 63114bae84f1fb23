// The page of `study ledger`: parts that add up to the logit.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("view: the ledger's parts and its stages add up to the logit") {
    Noise noise(4601);
    for (const OddModel& odd : odd_models(noise)) {
      INFO(odd.name());
      const view::Subject subject(odd.model, "odd");
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const std::size_t n = text.tokens.size() - 1;
      const std::size_t position = n / 2;
      const Numbers& logits = values.at("logits")[position];
      for (const bool contrast : {false, true}) {
        Given given = {{"--text", text.text},
                       {"--position", std::to_string(position)},
                       {"--target", "a"},
                       {"--top", "0"}};
        if (contrast) given.emplace_back("--contrast", "BOS");
        const MadePage made(view::ledger_view(), subject, given);
        const double logit = logits[0] - (contrast ? logits.back() : 0);
        CHECK(is_near(std::get<double>(made.fact("logit")), logit));
        CHECK(std::get<std::string>(made.fact("target")) == "'a'");
        const std::size_t H = odd.plain.heads;
        const auto N = static_cast<std::size_t>(4 * odd.model.config.n_embd);
        const view::Table& parts = made.table("parts");
        CHECK(parts.rows.size() == 2 + odd.plain.layers * (H * (position + 1) + N));
        CHECK(parts.totals == 0);
        double sum = 0;
        double before = 1e300;
        for (std::size_t row = 0; row < parts.rows.size(); ++row) {
          const double value = made.number("parts", row, "value");
          CHECK(std::abs(value) <= before);
          before = std::abs(value);
          sum += value;
        }
        CHECK(is_near(sum, logit));
        const view::Table& stages = made.table("stages");
        REQUIRE(stages.totals == 1);
        REQUIRE(stages.rows.size() == 2 + 2 * odd.plain.layers + 1);
        sum = 0;
        for (std::size_t row = 0; row + 1 < stages.rows.size(); ++row)
          sum += made.number("stages", row, "value");
        CHECK(is_near(sum, logit));
        CHECK(made.number("stages", stages.rows.size() - 1, "value") == doctest::Approx(sum));
        REQUIRE(made.section("stages").agreement.has_value());
        CHECK(std::abs(made.section("stages").agreement->difference) < 1e-12 * (1 + std::abs(logit)));
        CHECK(made.section("stages").agreement->rounding < 1e-11 * (1 + std::abs(logit)));
      }
    }
  }

  TEST_CASE("view: the ledger explains what comes next, and at the end of the text the likeliest") {
    const view::Subject subject = kept_model("names");
    const auto target = [&](const Given& given) {
      return std::get<std::string>(MadePage(view::ledger_view(), subject, given).fact("target"));
    };
    const MadePage lens(view::lens_view(), subject, {{"--text", "emma"}});
    CHECK(target({{"--text", "emma"}}) == lens.text("positions", 4, "likeliest"));
    CHECK(target({{"--text", "emma"}, {"--position", "1"}}) == "'m'");
    CHECK(target({{"--text", "emma"}, {"--target", "BOS"}}) == "BOS");
    CHECK(target({{"--text", "emma"}, {"--target", "'z'"}}) == "'z'");

    // Logits differ by what the probabilities say.
    const MadePage a_or_e(view::ledger_view(), subject,
                          {{"--text", "emm"}, {"--target", "a"}, {"--contrast", "e"}});
    const MadePage all(view::lens_view(), subject, {{"--text", "emm"}, {"--position", "3"}, {"--top", "27"}});
    double p_a = 0, p_e = 0;
    for (std::size_t i = 1; i <= 27; ++i) {
      const std::string token = all.text("position_3", 2, "likeliest_" + std::to_string(i));
      const double p = all.number("position_3", 2, "p_" + std::to_string(i));
      if (token == "'a'") p_a = p;
      if (token == "'e'") p_e = p;
    }
    CHECK(std::get<double>(a_or_e.fact("logit")) == doctest::Approx(std::log(p_a / p_e)));

    const auto fault = [&](const std::string& option, const std::string& value) {
      return failure_of([&] {
        MadePage(view::ledger_view(), subject, {{"--text", "emma"}, {option, value}});
      });
    };
    CHECK(fault("--position", "5").names("bad --position: 5: the text has positions 0 to 4"));
    CHECK(fault("--target", "ab").fault == static_cast<int>(Fault::usage));
    CHECK(fault("--target", "7").fault == static_cast<int>(Fault::data));
    CHECK(fault("--target", "\xff").fault == static_cast<int>(Fault::usage));
    CHECK(fault("--contrast", "7").names("bad --contrast"));
  }

  TEST_CASE("view: the ledger stays on a page, and what it leaves out is one row") {
    Noise noise(4602);
    const view::Subject deep =
        random_subject(noise, {.n_layer = 24, .n_embd = 16, .n_head = 16, .block_size = 8, .vocab_size = 20});
    const OddText text(deep.model(), noise, 7);
    const MadePage made(view::ledger_view(), deep, {{"--text", text.text}});
    const MadePage all(view::ledger_view(), deep, {{"--text", text.text}, {"--top", "0"}});
    CHECK(made.rows() <= 60);
    CHECK(made.table("parts").total_rows == 2 + 24 * (16 * 8 + 64));
    CHECK(made.table("stages").total_rows == 50);
    CHECK(all.table("stages").rows.size() == 51);
    for (const std::string key : {"parts", "stages"}) {
      const view::Table& table = made.table(key);
      double sum = 0;
      const std::size_t end = key == "stages" ? table.rows.size() - 1 : table.rows.size();
      for (std::size_t row = 0; row < end; ++row) sum += made.number(key, row, "value");
      CHECK(sum == doctest::Approx(std::get<double>(made.fact("logit"))));
    }
  }
}
