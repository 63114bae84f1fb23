// The pages of `study attention`, against patterns that lists of numbers give.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("view: attention shows every pattern and every score that a position may see") {
    Noise noise(4101);
    for (const OddModel& odd : odd_models(noise, 1)) {
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const view::Subject subject(odd.model, "odd");
      for (const bool scores : {false, true}) {
        Given given = {{"--text", text.text}, {"--heads", "0"}};
        if (scores) given.emplace_back("--scores", "");
        const MadePage made(view::attention_view(), subject, given);
        const Site site = scores ? Site::scores : Site::pattern;
        for (int layer = 0; layer < odd.model.config.n_layer; ++layer) {
          for (int head = 0; head < odd.model.config.n_head; ++head) {
            const std::string key = "layer" + std::to_string(layer) + "_head" + std::to_string(head);
            const std::string name = plain_name(site, layer, head);
            CHECK(made.section(key).address == name);
            CHECK(made.section(key).lines.first == info(site).line);
            const Rows<double>& expected = values.at(name);
            REQUIRE(made.table(key).rows.size() == expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i) {
              for (std::size_t j = 0; j < expected.size(); ++j) {
                const view::Value& cell = made.cell(key, i, "source_" + std::to_string(j));
                if (j > i) {
                  CHECK(std::holds_alternative<std::monostate>(cell));
                } else {
                  CHECK_MESSAGE(is_near(std::get<double>(cell), expected[i][j]), odd.name(), ", ", name);
                }
              }
            }
          }
        }
      }
    }
  }

  TEST_CASE("view: attention begins with where each head looks most, and how much it writes there") {
    Noise noise(4102);
    for (const OddModel& odd : odd_models(noise, 1)) {
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const std::size_t last = text.tokens.size() - 2;
      const MadePage made(view::attention_view(), view::Subject(odd.model, "odd"), {{"--text", text.text}});
      const view::Table& table = made.table("strongest");
      const auto D = static_cast<std::size_t>(odd.model.config.head_size());
      CHECK(table.rows.size()
            == static_cast<std::size_t>(odd.model.config.n_layer * odd.model.config.n_head));
      double before = 1e300;
      for (int layer = 0; layer < odd.model.config.n_layer; ++layer) {
        for (int head = 0; head < odd.model.config.n_head; ++head) {
          const std::string name = plain_name(Site::pattern, layer, head);
          const std::size_t row = made.row_of("strongest", name);
          const Numbers& pattern = values.at(name)[last];
          CHECK(is_near(made.number("strongest", row, "weight_1"),
                        *std::max_element(pattern.begin(), pattern.end())));
          const auto source = std::stoul(made.text("strongest", row, "source_1"));
          CHECK(is_near(pattern.at(source), made.number("strongest", row, "weight_1")));
          // attn_wo on the head's part of z.
          const std::string in_layer = "layer" + std::to_string(layer) + ".";
          double squares = 0;
          for (const Numbers& weights : odd.plain.weights.at(in_layer + "attn_wo")) {
            double written = 0;
            for (std::size_t d = static_cast<std::size_t>(head) * D;
                 d < static_cast<std::size_t>(head + 1) * D; ++d) {
              written += weights[d] * values.at(in_layer + "attn.z")[last][d];
            }
            squares += written * written;
          }
          CHECK(is_near(made.number("strongest", row, "writes"), std::sqrt(squares)));
        }
      }
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        CHECK(made.number("strongest", row, "writes") <= before);
        before = made.number("strongest", row, "writes");
      }
    }
  }

  TEST_CASE("view: attention of one position has its strongest sources first, and loses nothing") {
    const view::Subject subject = kept_model("names");
    const MadePage all(view::attention_view(), subject, {{"--text", "thora"}});
    const MadePage made(view::attention_view(), subject,
                        {{"--text", "thora"}, {"--position", "2"}, {"--positions", "2"}});
    REQUIRE(made.page.sections.size() == 1);
    CHECK(std::get<std::string>(made.fact("position")) == "2 'h'");
    const view::Table& table = made.table("sources");
    REQUIRE(table.rows.size() == 4);
    REQUIRE(table.columns.size() == 5);  // the head, two sources, the others, what it writes
    std::vector<double> together(3, 0);
    for (int head = 0; head < 4; ++head) {
      const std::string key = "layer0_head" + std::to_string(head);
      const std::size_t row = made.row_of("sources", all.section(key).address);
      double sum = made.number("sources", row, "others");
      for (std::size_t c : {1U, 2U}) {
        const double value = std::get<double>(table.rows[row][c]);
        CHECK(value == all.number(key, 2, table.columns[c].key));
        sum += value;
      }
      CHECK(sum == doctest::Approx(1));
      for (std::size_t j = 0; j < 3; ++j) together[j] += all.number(key, 2, "source_" + std::to_string(j));
    }
    const auto of_column = [&](std::size_t c) {
      return together.at(std::stoul(table.columns[c].key.substr(std::string("source_").size())));
    };
    CHECK(of_column(1) == *std::max_element(together.begin(), together.end()));
    CHECK(of_column(2) <= of_column(1));
    CHECK(of_column(2) > *std::min_element(together.begin(), together.end()));

    const MadePage scores(view::attention_view(), subject,
                          {{"--text", "thora"}, {"--position", "2"}, {"--scores", ""}});
    const MadePage all_scores(view::attention_view(), subject, {{"--text", "thora"}, {"--scores", ""}});
    CHECK(scores.table("sources").columns.size() == 5);  // three sources, no others
    CHECK(scores.number("sources", scores.row_of("sources", "layer0.attn.scores[head 3]"), "source_1")
          == all_scores.number("layer0_head3", 2, "source_1"));
  }

  TEST_CASE("view: attention takes an address instead of layer, head and --scores") {
    const view::Subject subject = kept_model("induction");
    const MadePage by_address(view::attention_view(), subject,
                              {{"--text", "abcabc"}, {"--at", "layer1.attn.scores[head 0]"}});
    const MadePage by_numbers(view::attention_view(), subject,
                              {{"--text", "abcabc"}, {"--layer", "1"}, {"--head", "0"}, {"--scores", ""}});
    REQUIRE(by_address.page.sections.size() == 2);
    CHECK(by_address.count("heads") == 1);
    CHECK(by_address.table("layer1_head0").rows == by_numbers.table("layer1_head0").rows);
    const MadePage layer(view::attention_view(), subject,
                         {{"--text", "abcabc"}, {"--at", "layer0.attn.pattern"}});
    CHECK(layer.page.sections.back().key == "layer0_head0");
    for (const std::string address :
         {"layer1.attn.z", "layer1.attn.scores[head 0, position 1]", "no.such.site"}) {
      CHECK(failure_of([&] {
              MadePage(view::attention_view(), subject, {{"--text", "a"}, {"--at", address}});
            }).fault
            == static_cast<int>(Fault::usage));
    }
    for (const std::string option : {"--layer", "--head", "--position"}) {
      const auto failure = failure_of([&] {
        MadePage(view::attention_view(), subject, {{"--text", "a"}, {option, "2"}});
      });
      CHECK(failure.fault == static_cast<int>(Fault::usage));
      CHECK(failure.names("bad " + option + ": 2: "));
    }
    CHECK(failure_of([&] {
            MadePage(view::attention_view(), subject,
                     {{"--text", "a"}, {"--at", "layer0.attn.pattern"}, {"--layer", "0"}});
          }).fault
          == static_cast<int>(Fault::usage));
    Noise noise(4103);
    const view::Subject none =
        random_subject(noise, {.n_layer = 0, .n_embd = 4, .n_head = 1, .block_size = 4, .vocab_size = 3});
    CHECK(failure_of([&] { MadePage(view::attention_view(), none, {{"--text", ""}}); }).names("no layers"));
  }

  TEST_CASE("view: attention of many heads and of a long text stays on a page, and shows all if asked") {
    Noise noise(4104);
    const view::Subject deep =
        random_subject(noise, {.n_layer = 24, .n_embd = 16, .n_head = 16, .block_size = 8, .vocab_size = 20});
    const OddText text(deep.model(), noise, 8);
    const MadePage made(view::attention_view(), deep, {{"--text", text.text}});
    CHECK(made.rows() <= 60);
    CHECK(made.page.sections.size() > 2);
    CHECK(made.table("strongest").total_rows == 24 * 16);
    const MadePage one(view::attention_view(), deep, {{"--text", text.text}, {"--position", "7"}});
    CHECK(one.rows() <= 60);
    CHECK(one.table("sources").total_rows == 24 * 16);
    const MadePage all(view::attention_view(), deep, {{"--text", text.text}, {"--heads", "0"}});
    CHECK(all.page.sections.size() == 1 + 24 * 16);
    CHECK(all.table("strongest").total_rows == 0);

    const view::Subject far =
        random_subject(noise, {.n_layer = 1, .n_embd = 2, .n_head = 2, .block_size = 1024, .vocab_size = 20});
    const OddText long_text(far.model(), noise, 1024);
    const MadePage first(view::attention_view(), far, {{"--text", long_text.text}});
    CHECK(first.rows() <= 60);
    CHECK(first.page.sections.size() == 2);
    CHECK(first.page.sections[1].table.total_rows == 1024);
    CHECK(first.page.sections[1].table.columns.size() <= 60);
    const MadePage far_one(view::attention_view(), far, {{"--text", long_text.text}, {"--position", "1023"}});
    CHECK(far_one.table("sources").columns.size() <= 20);
    const MadePage far_all(view::attention_view(), far,
                           {{"--text", long_text.text}, {"--position", "1000"}, {"--positions", "0"}});
    CHECK(far_all.table("sources").columns.size() == 1 + 1001 + 1);
  }
}
