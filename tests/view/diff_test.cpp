// study diff: what differs is what was made to differ, against runs by lists.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/made_runs.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  void change_one(Parameters<double>& w) {
    w.attn_wv(1)(2, 5) += 0.125;
  }

  /// Two checkpoints of one run, and a copy in which one weight is another.
  struct TwoRuns : MadeRuns {
    TwoRuns() {
      save("run", 10);
      save("run", 30);
      save("other", 30, change_one);
    }
    [[nodiscard]] MadePage diff(const std::string& a, const std::string& b, Given given = {}) const {
      given.insert(given.end(), {{"A", run(a)}, {"B", run(b)}});
      return {view::diff_view(), given};
    }
  };

  }  // namespace

  TEST_CASE("view: diff finds a model equal to itself") {
    const TwoRuns runs;
    for (const Given& given : {Given{}, Given{{"--text", "emma"}}, Given{{"--text", ""}}}) {
      const MadePage page = runs.diff("run", "run/checkpoints/step-00000030.safetensors", given);
      CHECK(text_in(page.fact("equal")) == "yes");
      CHECK(number_in(page.fact("weights")) == 1664);
      CHECK(number_in(page.fact("keys")) == 0);
      CHECK(page.page.sections.empty());
      CHECK(page.warnings.empty());
    }
  }

  TEST_CASE("view: diff names the one weight that differs, and where it first shows") {
    const TwoRuns runs;
    const MadePage page = runs.diff("run", "other", {{"--text", "emma"}});
    CHECK(text_in(page.fact("equal")) == "no");
    CHECK(text_in(page.fact("first")) == "layer1.attn.v");
    CHECK(number_in(page.fact("step_a")) == 30);
    CHECK(text_in(page.fact("b")).ends_with("other/checkpoints/step-00000030.safetensors"));
    CHECK(!page.has("config"));
    CHECK(!page.has("vocabulary"));
    const view::Table& weights = page.table("weights");
    REQUIRE(weights.rows.size() == 15 + 1);
    CHECK(weights.totals == 1);
    double squares = 0, all_squares = 0;
    const Parameters<double> original = runs.weights(30);
    for (const double w : original.values()) all_squares += w * w;
    for (Index r = 0; r < 8; ++r) {
      for (Index c = 0; c < 8; ++c) squares += std::pow(original.attn_wv(1)(r, c), 2);
    }
    for (std::size_t r = 0; r < 15; ++r) {
      const bool changed = text_in(weights.rows[r][0]) == "layer1.attn_wv";
      CHECK((number_in(cell(weights, r, "norm")) > 0) == changed);
      CHECK((text_in(cell(weights, r, "at")) == "equal") == !changed);
      if (!changed) continue;
      CHECK(text_in(cell(weights, r, "at")) == "[2,5]");
      CHECK(number_in(cell(weights, r, "largest")) == doctest::Approx(0.125));
      CHECK(number_in(cell(weights, r, "norm_a")) == doctest::Approx(std::sqrt(squares)));
      CHECK(number_in(cell(weights, r, "relative")) == doctest::Approx(0.125 / std::sqrt(squares)));
    }
    CHECK(number_in(page.fact("relative")) == doctest::Approx(0.125 / std::sqrt(all_squares)));

    // Every site before the changed one is equal; the numbers at the largest difference are those of runs by lists.
    const auto run_a = runs.plain_run_of(30, "emma");
    const auto run_b = runs.plain_run_of(30, "emma", change_one);
    const MadePage all = runs.diff("run", "other", {{"--text", "emma"}, {"--top", "0"}});
    const view::Table& sites = all.table("sites");
    REQUIRE(sites.rows.size() == 36);
    const std::size_t first = row_of(sites, "layer1.attn.v");
    for (std::size_t r = 0; r < first; ++r) CHECK(text_in(cell(sites, r, "at")) == "equal");
    double largest = 0;
    for (std::size_t p = 0; p < 5; ++p) {
      largest = std::max(largest,
                         std::abs(run_b.at.at("layer1.attn.v")[p][2] - run_a.at.at("layer1.attn.v")[p][2]));
    }
    CHECK(number_in(cell(sites, first, "largest")) == doctest::Approx(largest));
    CHECK(std::abs(number_in(cell(sites, first, "b")) - number_in(cell(sites, first, "a")))
          == doctest::Approx(largest));
    const view::Table& predictions = page.table("predictions");
    REQUIRE(predictions.rows.size() == 5);
    for (std::size_t p = 0; p < 5; ++p) {
      CHECK(number_in(cell(predictions, p, "nll_a")) == doctest::Approx(run_a.nll[p]));
      CHECK(number_in(cell(predictions, p, "nll_b")) == doctest::Approx(run_b.nll[p]));
      double kl = 0;
      for (std::size_t t = 0; t < 5; ++t) {
        const double a = run_a.at.at("probs")[p][t];
        kl += a * std::log(a / run_b.at.at("probs")[p][t]);
      }
      CHECK(number_in(cell(predictions, p, "kl")) == doctest::Approx(kl).epsilon(1e-6));
    }
    CHECK(text_in(cell(predictions, 4, "next")) == "BOS");
  }

  TEST_CASE("view: diff says where a text does not tell two models apart, and which keys differ") {
    TwoRuns runs;
    runs.save("unread", 30, [](Parameters<double>& w) { w.wpe()(5, 0) += 1; });
    const MadePage unread = runs.diff("run", "unread", {{"--text", "em"}});
    CHECK(text_in(unread.fact("equal")) == "no");
    CHECK(text_in(unread.fact("first")) == "nowhere");
    CHECK(unread.has("weights"));
    CHECK(!unread.has("predictions"));
    runs.config.seed = 7;
    runs.config.why = "another note";
    runs.save("seed", 30);
    const MadePage seed = runs.diff("run", "seed");
    CHECK(
        seed.table("config").rows
        == std::vector<std::vector<view::Value>>{{std::string("seed"), std::string("42"), std::string("7")}});
    CHECK(seed.page.sections.size() == 1);
  }

  TEST_CASE("view: diff compares what other shapes and vocabularies have in common") {
    TwoRuns runs;
    runs.config.model.n_layer = 1;
    runs.config.model.block_size = 4;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U' ', U'a', U'e', U'm', U'o'});
    runs.config.model.vocab_size = 6;
    runs.save("small", 20);
    const MadePage page = runs.diff("run", "small", {{"--text", "ema"}, {"--top", "0"}});
    CHECK(page.table("config").rows.size() == 2);
    const auto& characters = page.table("vocabulary").rows;
    REQUIRE(characters.size() == 3);
    CHECK(characters[0] == std::vector<view::Value>{std::string("'n'"), std::string("A")});
    CHECK(characters[1] == std::vector<view::Value>{std::string("' '"), std::string("B")});
    const view::Table& weights = page.table("weights");
    const std::size_t wpe = row_of(weights, "wpe");
    CHECK(text_in(cell(weights, wpe, "shape")) == "6 x 8 | 4 x 8");
    CHECK(text_in(cell(weights, wpe, "at")) == "shapes differ");
    CHECK(is_empty(cell(weights, wpe, "norm")));
    CHECK(text_in(cell(weights, row_of(weights, "layer1.mlp_fc2"), "at")) == "only in A");
    CHECK(number_in(cell(weights, row_of(weights, "wte"), "norm")) > 0);
    const view::Table& sites = page.table("sites");
    CHECK(text_in(cell(sites, row_of(sites, "layer1.resid_pre"), "at")).starts_with("only in A"));
    const MadePage reverse = runs.diff("small", "run");
    CHECK(text_in(cell(reverse.table("weights"), 14, "at")) == "only in B");
  }

  TEST_CASE("view: diff bounds its tables") {
    MadeRuns runs;
    runs.config.model.n_layer = 24;
    runs.save("a", 1);
    runs.save("b", 2);
    const MadePage page(view::diff_view(), {{"A", runs.run("a")}, {"B", runs.run("b")}, {"--text", "emma"}});
    CHECK(page.rows() <= 60);
    CHECK(page.table("weights").total_rows == 3 + 24 * 6);
    CHECK(page.table("sites").total_rows == 4 + 24 * 15 + 2);
  }

  TEST_CASE("view: diff refuses by name what is not there, and says of which model") {
    TwoRuns runs;
    runs.config.model.block_size = 3;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U'a', U'e', U'm', U'x'});
    runs.save("short", 1);
    const auto check = [&](const Given& given, int fault, const std::string& part) {
      const Failure failure = failure_of([&] { (void)MadePage(view::diff_view(), given); });
      CAPTURE(failure.message);
      CHECK(failure.fault == fault);
      CHECK(failure.is_one_line());
      CHECK(failure.names(part));
    };
    const std::string run = runs.run("run");
    check({{"A", run}}, 2, "B is required");
    check({{"B", run}}, 2, "A is required");
    check({{"A", run}, {"B", runs.run("nothing")}}, 4, "nothing");
    check({{"A", run}, {"B", runs.config.data.path}}, 4, "names.txt");
    check({{"A", run}, {"B", runs.run("other")}, {"--text", "exa"}}, 3, "model A: bad --text");
    check({{"A", run}, {"B", runs.run("short")}, {"--text", "en"}}, 3, "model B: bad --text");
    check({{"A", run}, {"B", runs.run("short")}, {"--text", "emma"}}, 2, "model B: bad --text");
    // A damaged newest checkpoint is passed over with a word.
    write_bytes(runs.path("run", 30), "no checkpoint");
    const MadePage older(view::diff_view(), {{"A", run}, {"B", runs.run("other")}});
    CHECK(older.warnings.size() == 1);
    CHECK(number_in(older.fact("step_a")) == 10);
  }
}
