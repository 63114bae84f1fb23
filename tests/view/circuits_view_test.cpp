#include <algorithm>
#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/plain_model.hpp"
#include "support/study.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("view: circuits of a pair of positions are the scores of runs with these tokens") {
    Noise noise(421);
    const view::Subject subject(random_model(noise, 2, Activation::relu), "made up");
    const auto plain_model = plain<double>(subject.config(), subject.model().parameters);
    const MadePage page(view::circuits_view(), subject, {{"--head", "2"}, {"--query", "4"}, {"--key", "1"}});
    CHECK(text_in(page.fact("table")) == "qk");
    CHECK(text_in(page.fact("address")) == "layer0.attn.scores[head 2]");
    CHECK(number_in(page.fact("query")) == 4);
    CHECK(number_in(page.fact("key")) == 1);
    CHECK(page.find_fact("averaged") == nullptr);
    const view::Table& table = page.table("table");
    REQUIRE(table.rows.size() == 5);
    double largest = 0;
    for (int a = 0; a < 5; ++a) {
      CHECK(text_in(table, static_cast<std::size_t>(a), "token") == subject.label(a));
      for (int b = 0; b < 5; ++b) {
        const std::vector<int> tokens = {0, b, 0, 0, a, 0};
        const double score = plain_run(plain_model, tokens).at.at("layer0.attn.scores[head 2]")[4][1];
        CHECK(number_in(table, static_cast<std::size_t>(a), "token_" + std::to_string(b))
              == doctest::Approx(score).epsilon(1e-12));
        largest = std::max(largest, std::abs(score));
      }
    }
    CHECK(page.section("table").figure->kind == view::Figure::Kind::heatmap);
    CHECK(page.section("table").figure->y.size() == 5);
    CHECK(std::abs(number_in(page.table("strongest"), 0, "value")) == doctest::Approx(largest));
  }

  TEST_CASE("view: circuits' strongest entries are those of the table, largest first") {
    const view::Subject subject = kept_model("names");
    for (const std::vector<std::pair<std::string, std::string>>& how :
         {std::vector<std::pair<std::string, std::string>>{{"--head", "1"}},
          {{"--head", "1"}, {"--ov", ""}}}) {
      auto options = how;
      options.emplace_back("--top", "10000");
      const MadePage page(view::circuits_view(), subject, options);
      const bool ov = how.size() == 2;
      CHECK(number_in(page.fact("averaged")) == (ov ? 16 : 16 * 17 / 2));
      const view::Table& table = page.table("table");
      const view::Table& strongest = page.table("strongest");
      REQUIRE(table.rows.size() == 27);
      REQUIRE(strongest.rows.size() == 27 * 27);
      CHECK(strongest.total_rows == 0);
      double before = 1e300;
      for (std::size_t i = 0; i < strongest.rows.size(); ++i) {
        const double value = number_in(strongest, i, "value");
        const std::size_t row = row_of(table, text_in(strongest, i, ov ? "attended" : "query"));
        const Token column = subject.token(text_in(strongest, i, ov ? "logit" : "key"), "a test");
        CHECK(number_in(table, row, "token_" + std::to_string(column))
              == doctest::Approx(value).epsilon(1e-9));
        CHECK(std::abs(value) <= before);
        before = std::abs(value);
      }
      const MadePage usual(view::circuits_view(), subject, how);
      CHECK(usual.table("strongest").rows.size() == 12);
      CHECK(usual.table("strongest").total_rows == 27 * 27);
    }
  }

  TEST_CASE("view: circuits over the tokens of a text, and over the tokens with the longest rows") {
    const view::Subject subject = kept_model("names");
    const MadePage all(view::circuits_view(), subject, {});
    const MadePage text(view::circuits_view(), subject, {{"--text", "anna"}});
    REQUIRE(text.table("table").rows.size() == 3);  // BOS, a, n
    CHECK(text.table("table").columns.size() == 4);
    CHECK(text.table("strongest").rows.size() == 9);
    const auto token = [&](const std::string& label) {
      return "token_" + std::to_string(subject.token(label, ""));
    };
    for (const std::string asks : {"BOS", "'a'", "'n'"}) {
      for (const std::string asked : {"BOS", "'a'", "'n'"}) {
        CHECK(number_in(text.table("table"), row_of(text.table("table"), asks), token(asked))
              == doctest::Approx(
                  number_in(all.table("table"), row_of(all.table("table"), asks), token(asked))));
      }
    }
    const MadePage few(view::circuits_view(), subject, {{"--tokens", "4"}});
    CHECK(few.table("table").rows.size() == 4);
    CHECK(same_rows(few.table("strongest"), all.table("strongest")));  // searched among all of them
  }

  TEST_CASE("view: circuits refuses heads and positions that are not there") {
    const view::Subject subject = kept_model("names");
    const auto failure = [&](const std::vector<std::pair<std::string, std::string>>& options) {
      return failure_of([&] { (void)MadePage(view::circuits_view(), subject, options); });
    };
    CHECK(failure({{"--head", "4"}}).fault == 2);
    CHECK(failure({{"--head", "4"}}).names("0 to 3"));
    CHECK(failure({{"--head", "4"}, {"--ov", ""}}).fault == 2);
    CHECK(failure({{"--query", "16"}}).names("0 to 15"));
    CHECK(failure({{"--key", "16"}}).names("0 to 15"));
    CHECK(failure({{"--key", "16"}, {"--ov", ""}}).names("0 to 15"));
    CHECK(failure({{"--ov", ""}, {"--query", "1"}}).fault == 2);
    CHECK(failure({{"--query", "1"}, {"--key", "3"}}).fault == 2);
    CHECK(failure({{"--tokens", "0"}}).fault == 2);
    Noise noise(422);
    const view::Subject none(random_model(noise, 0, Activation::relu), "made up");
    CHECK(failure_of([&] { (void)MadePage(view::circuits_view(), none, {}); }).fault == 2);
  }

  TEST_CASE("view: circuits of 20,000 tokens are bounded and say what they searched") {
    const view::Subject subject = subject_of_many_tokens();
    const MadePage page(view::circuits_view(), subject, {{"--ov", ""}, {"--key", "3"}});
    CHECK(page.table("table").rows.size() == 32);
    CHECK(page.table("table").columns.size() == 33);
    CHECK(page.table("strongest").rows.size() == 12);
    CHECK(page.table("strongest").total_rows > 32 * 32);
    CHECK(!text_in(page.fact("searched")).empty());
    CHECK(page.progress.back() == 1);
  }
}
