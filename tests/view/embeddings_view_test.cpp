#include <cmath>
#include <set>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/study.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  double plain_cosine(const view::Subject& subject, Index a, Index b) {
    const auto x = subject.model().parameters.wte();
    double product = 0, squares_a = 0, squares_b = 0;
    for (Index c = 0; c < x.cols(); ++c) {
      product += x(a, c) * x(b, c);
      squares_a += x(a, c) * x(a, c);
      squares_b += x(b, c) * x(b, c);
    }
    return product / std::sqrt(squares_a * squares_b);
  }

  Token token_named(const view::Subject& subject, const std::string& label) {
    return subject.token(label, "a test");
  }

  }  // namespace

  TEST_CASE("view: embeddings shows every token of a small vocabulary with its nearest by cosine") {
    const view::Subject subject = kept_model("names");
    const MadePage page(view::embeddings_view(), subject, {{"--top", "4"}});
    const view::Table& table = page.table("rows");
    REQUIRE(table.rows.size() == 27);
    CHECK(table.total_rows == 0);
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const auto row = static_cast<Index>(i);
      const std::string name = text_in(table, i, "row");
      CAPTURE(name);
      CHECK(name == subject.label(static_cast<Token>(i)));
      CHECK(number_in(table, i, "length")
            == doctest::Approx(subject.model().parameters.wte().row(row).norm()).epsilon(1e-12));
      double before = 1;
      std::set<std::string> shown = {name};
      for (const std::string n : {"1", "2", "3", "4"}) {
        const std::string other = text_in(table, i, "nearest_" + n);
        const double cosine = number_in(table, i, "cosine_" + n);
        CHECK(shown.insert(other).second);
        CHECK(cosine
              == doctest::Approx(plain_cosine(subject, row, token_named(subject, other))).epsilon(1e-12));
        CHECK(cosine <= before);
        before = cosine;
      }
      for (Token t = 0; t < 27; ++t) {  // nobody who was left out is nearer
        if (!shown.contains(subject.label(t))) CHECK(plain_cosine(subject, row, t) <= before + 1e-12);
      }
    }
    const auto& figure = page.section("rows").figure;
    REQUIRE(figure.has_value());
    CHECK(figure->kind == view::Figure::Kind::scatter);
    CHECK(table.columns[figure->x].key == "component_1");
    CHECK(table.columns[figure->y.at(0)].key == "component_2");
    CHECK(figure->label == 0);
  }

  TEST_CASE("view: embeddings along as many components as channels keep all distances") {
    Noise noise(411);
    const view::Subject subject(random_model(noise, 1, Activation::relu, 3, 1), "made up");
    const MadePage page(view::embeddings_view(), subject, {});
    const view::Table& table = page.table("rows");
    const auto wte = subject.model().parameters.wte();
    double explained = 0;
    for (const std::string k : {"1", "2", "3"}) explained += number_in(page.fact("explained_" + k));
    CHECK(explained == doctest::Approx(1));
    CHECK(number_in(page.fact("explained_1")) >= number_in(page.fact("explained_2")));
    for (std::size_t a = 0; a < 5; ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        double squares = 0;
        for (const std::string k : {"component_1", "component_2", "component_3"}) {
          const double d = number_in(table, a, k) - number_in(table, b, k);
          squares += d * d;
        }
        const double expected =
            (wte.row(static_cast<Index>(a)) - wte.row(static_cast<Index>(b))).squaredNorm();
        CHECK(squares == doctest::Approx(expected));
      }
    }
  }

  TEST_CASE("view: embeddings shows positions, or the tokens of a text, or the longest rows") {
    const view::Subject subject = kept_model("names");
    const MadePage positions(view::embeddings_view(), subject, {{"--positions", ""}});
    CHECK(text_in(positions.fact("tensor")) == "wpe");
    CHECK(positions.table("rows").rows.size() == 16);
    CHECK(text_in(positions.table("rows"), 15, "row") == "15");

    const MadePage text(view::embeddings_view(), subject, {{"--text", "anna"}});
    REQUIRE(text.table("rows").rows.size() == 3);
    CHECK(text_in(text.table("rows"), 0, "row") == "BOS");
    CHECK(text_in(text.table("rows"), 1, "row") == "'a'");
    CHECK(text_in(text.table("rows"), 2, "row") == "'n'");
    CHECK(text.table("rows").total_rows == 27);

    const MadePage longest(view::embeddings_view(), subject, {{"--rows", "5"}, {"--top", "0"}});
    const view::Table& table = longest.table("rows");
    REQUIRE(table.rows.size() == 5);
    CHECK(table.total_rows == 27);
    CHECK(!table.more.empty());
    CHECK(table.columns.size() == 2 + 3);
    std::set<std::string> shown;
    for (std::size_t i = 0; i < 5; ++i) {
      shown.insert(text_in(table, i, "row"));
      if (i > 0) CHECK(number_in(table, i, "length") <= number_in(table, i - 1, "length"));
    }
    for (Token t = 0; t < 27; ++t) {
      const double length = subject.model().parameters.wte().row(t).norm();
      if (!shown.contains(subject.label(t))) CHECK(length <= number_in(table, 4, "length"));
    }
  }

  TEST_CASE("view: embeddings refuses what does not go together or is not there") {
    const view::Subject subject = kept_model("names");
    const auto fault = [&](const std::vector<std::pair<std::string, std::string>>& options) {
      return failure_of([&] { (void)MadePage(view::embeddings_view(), subject, options); }).fault;
    };
    CHECK(fault({{"--text", "anna"}, {"--positions", ""}}) == 2);
    CHECK(fault({{"--text", "7"}}) == 3);
    CHECK(fault({{"--top", "-1"}}) == 2);
  }

  TEST_CASE("view: embeddings of a model without layers, of one channel, of a context of one position") {
    Noise noise(412);
    study::Model model = random_model(noise, 0, Activation::relu, 1, 1);
    model.config.block_size = 1;
    model.parameters = random_parameters<double>(model.config, noise);
    const view::Subject subject(model, "made up");
    const MadePage tokens(view::embeddings_view(), subject, {});
    CHECK(tokens.table("rows").rows.size() == 5);
    CHECK(!tokens.section("rows").figure);
    const MadePage positions(view::embeddings_view(), subject, {{"--positions", ""}});
    CHECK(positions.table("rows").rows.size() == 1);
    CHECK(positions.table("rows").columns.size() == 2 + 1);
  }

  TEST_CASE("view: embeddings of 20,000 tokens are bounded, and the neighbours are of all of them") {
    const view::Subject subject = subject_of_many_tokens();
    const MadePage page(view::embeddings_view(), subject, {});
    const view::Table& table = page.table("rows");
    CHECK(table.rows.size() == 32);
    CHECK(table.total_rows == 20'000);
    CHECK(!page.progress.empty());
    CHECK(page.progress.back() == 1);
    for (const std::size_t i : {0U, 31U}) {
      const Token row = token_named(subject, text_in(table, i, "row"));
      double best = -1;
      for (Token t = 0; t < 20'000; ++t) {
        if (t != row) best = std::max(best, plain_cosine(subject, row, t));
      }
      CHECK(number_in(table, i, "cosine_1") == doctest::Approx(best).epsilon(1e-12));
    }
  }
}
