// The pages of eval, score, info, sample --report and bench: their numbers, and that they are bounded.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "microgpt/model/parameters.hpp"
#include "microgpt/view/report/bench_report.hpp"
#include "microgpt/view/report/eval_report.hpp"
#include "microgpt/view/report/file_scores_report.hpp"
#include "microgpt/view/report/info_report.hpp"
#include "microgpt/view/report/novelty_report.hpp"
#include "microgpt/view/report/score_report.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/made_runs.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  constexpr double kLn2 = 0.693147180559945309417;

  ScoredText scored(const std::string& text, double nats) {
    ScoredText one{.text = text};
    for (const char c : text) {
      one.characters.emplace_back(1, c);
      one.nats.push_back(nats);
    }
    one.nats.push_back(2 * nats);
    return one;
  }

  /// info with the loss of a run's best checkpoint beside.
  MadePage info_of(const MadeRuns& runs, const std::string& run, int step, bool all = false) {
    return MadePage(view::info_report(view::model_info(runs.load(run, step), runs.folder / run), all));
  }

  }  // namespace

  TEST_CASE("view: eval gives the loss in nats, bits and as perplexity, and what the model saves") {
    Evaluation evaluation{.split = "val",
                          .losses = {.documents = 3,
                                     .characters = 20,
                                     .token_mean = 2.5,
                                     .document_mean = 2.25,
                                     .standard_error = 0.125},
                          .baselines = {{"uniform", 3}, {"unigram", 2}}};
    const MadePage page(view::eval_report(evaluation));
    CHECK(page.page.view == "eval");
    CHECK(text_in(page.fact("split")) == "val");
    CHECK(number_in(page.fact("documents")) == 3);
    CHECK(number_in(page.fact("characters")) == 20);
    CHECK(number_in(page.fact("nats")) == 2.5);
    CHECK(number_in(page.fact("bits")) == doctest::Approx(2.5 / kLn2));
    CHECK(number_in(page.fact("perplexity")) == doctest::Approx(std::exp(2.5)));
    CHECK(number_in(page.fact("standard_error")) == 0.125);
    CHECK(number_in(page.fact("document_mean")) == 2.25);
    CHECK(page.find_fact("worse_than_guessing") == nullptr);
    const view::Table& table = page.table("baselines");
    REQUIRE(table.rows.size() == 3);
    CHECK(number_in(cell(table, 0, "saved")) == 0.5);
    CHECK(number_in(cell(table, 1, "saved")) == -0.5);
    CHECK(number_in(cell(table, 1, "bits")) == doctest::Approx(2 / kLn2));
    CHECK(number_in(cell(table, 2, "nats")) == 2.5);
    CHECK(page.section("baselines").figure->kind == view::Figure::Kind::bars);

    // A single window, no n-grams, and a loss whose perplexity no double holds.
    evaluation = {.split = "all",
                  .stream = true,
                  .own_text = false,
                  .losses = {.documents = 1,
                             .characters = 4,
                             .token_mean = 800,
                             .document_mean = 800,
                             .standard_error = {}},
                  .baselines = {{"uniform", 3}},
                  .no_ngrams = "the text is gone"};
    const MadePage odd(view::eval_report(evaluation));
    CHECK(number_in(odd.fact("windows")) == 1);
    CHECK(is_empty(odd.fact("perplexity")));
    CHECK(is_empty(odd.fact("standard_error")));
    CHECK(number_in(odd.fact("worse_than_guessing")) == 797);
    CHECK(odd.section("baselines").note.find("the text is gone") != std::string::npos);
  }

  TEST_CASE("view: score gives every character its probability, and the text its total") {
    const ScoredText texts[] = {scored("it's", 0.5)};
    const MadePage page(view::score_report(texts));
    const view::Table& table = page.table("text_1");
    REQUIRE(table.rows.size() == 6);
    CHECK(table.totals == 1);
    CHECK(text_in(table.rows[2][0]) == "'\\''");
    CHECK(text_in(table.rows[4][0]) == "end");
    CHECK(number_in(cell(table, 0, "probability")) == doctest::Approx(std::exp(-0.5)));
    CHECK(number_in(cell(table, 0, "bits")) == doctest::Approx(0.5 / kLn2));
    CHECK(number_in(cell(table, 4, "nats")) == 1);
    CHECK(number_in(cell(table, 5, "nats")) == 3);
    CHECK(number_in(page.fact("bits")) == doctest::Approx(3 / kLn2));
    CHECK(number_in(page.fact("mean_nats")) == doctest::Approx(3.0 / 5));
    CHECK(number_in(page.fact("mean_perplexity")) == doctest::Approx(std::exp(0.6)));
  }

  TEST_CASE("view: score compares several texts, and is bounded until it is asked for all") {
    std::vector<ScoredText> texts = {scored("emma", 0.5), scored("", 3000), scored(std::string(500, 'x'), 1)};
    const MadePage page(view::score_report(texts));
    const view::Table& table = page.table("texts");
    REQUIRE(table.rows.size() == 3);
    CHECK(number_in(cell(table, 0, "nats")) == 3);
    CHECK(number_in(cell(table, 0, "nats_mean")) == doctest::Approx(0.6));
    CHECK(number_in(cell(table, 2, "predictions")) == 501);
    CHECK(is_empty(cell(table, 1, "perplexity")));
    CHECK(!is_empty(cell(page.table("text_2"), 0, "probability")));  // as small as no double is
    CHECK(page.rows() <= 65);
    CHECK(page.table("text_3").total_rows == 501);
    const MadePage all(view::score_report(texts, 0));
    CHECK(all.table("text_3").rows.size() == 502);
    CHECK(all.table("text_3").total_rows == 0);
    texts.assign(1000, scored("ab", 1));
    const MadePage many(view::score_report(texts));
    CHECK(many.rows() <= 65);
    CHECK(many.table("texts").total_rows == 1000);
    CHECK(view::score_report({}).sections.front().table.rows.empty());
  }

  TEST_CASE("view: score of a file has a row for each text, and is bounded until it is asked for all") {
    FileScores scores{.name = "texts.txt",
                      .dataset = Dataset::from_text(std::string(50, 'x') + "\nanna\ne\n" + "b\n",
                                                    DataMode::lines, ByteOrderMark::drop)};
    const auto texts = scores.dataset.documents();
    scores.scored = {{1, texts[0], {102, 51}}, {2, texts[1], {5000, 5}}, {3, texts[2], {1, 2}}};
    scores.not_scored = {{4, texts[3], U'b'}};
    const MadePage page(view::file_scores_report(scores, true));
    CHECK(text_in(page.fact("file")) == "texts.txt");
    CHECK(number_in(page.fact("scored")) == 3);
    CHECK(number_in(page.fact("not_scored")) == 1);
    CHECK(number_in(page.fact("predictions")) == 58);
    CHECK(number_in(page.fact("mean_nats")) == doctest::Approx(5103.0 / 58));
    const view::Table& table = page.table("texts");
    REQUIRE(table.rows.size() == 3);
    CHECK(text_in(cell(table, 0, "text")) == std::string(24, 'x') + "...");
    CHECK(number_in(cell(table, 1, "line")) == 2);
    CHECK(number_in(cell(table, 1, "predictions")) == 5);
    CHECK(number_in(cell(table, 1, "nats")) == 5000);
    CHECK(number_in(cell(table, 1, "nats_mean")) == 1000);
    CHECK(page.section("texts").title.find("most surprising first") != std::string::npos);
    CHECK(text_in(cell(page.table("not_scored"), 0, "character")) == "'b'");
    CHECK(number_in(cell(page.table("not_scored"), 0, "line")) == 4);

    scores.scored.assign(1000, {2, texts[1], {5, 5}});
    scores.not_scored.assign(500, {4, texts[3], U'b'});
    const MadePage many(view::file_scores_report(scores, false));
    CHECK(many.table("texts").rows.size() == 60);
    CHECK(many.table("texts").total_rows == 1000);
    CHECK(many.table("not_scored").total_rows == 500);
    CHECK(many.section("texts").title.find("order of the file") != std::string::npos);
    scores.scored.push_back({1, texts[0], {1, 1}});
    const MadePage all(view::file_scores_report(scores, false, {.rows = 0, .characters = 0}));
    CHECK(all.table("texts").rows.size() == 1001);
    CHECK(text_in(cell(all.table("texts"), 1000, "text")) == std::string(50, 'x'));
    scores.not_scored.clear();
    CHECK(!MadePage(view::file_scores_report(scores, false)).has("not_scored"));
  }

  TEST_CASE("view: info holds everything that a checkpoint does") {
    MadeRuns runs;
    runs.config.precision = Precision::float32;
    runs.save("run", 24, {}, 2.5);
    const MadePage page = info_of(runs, "run", 24, true);
    const std::string bytes = read_bytes(runs.path("run", 24));
    CHECK(text_in(page.fact("file")) == runs.path("run", 24).string());
    CHECK(number_in(page.fact("bytes")) == static_cast<double>(bytes.size()));
    CHECK(text_in(page.fact("sha256")) == sha256(bytes));
    CHECK(number_in(page.fact("step")) == 24);
    CHECK(number_in(page.fact("steps")) == 40);
    CHECK(number_in(page.fact("parameters")) == 2 * 5 * 8 + 6 * 8 + 2 * 12 * 8 * 8);
    CHECK(text_in(page.fact("data_sha256")) == sha256(read_bytes(runs.folder / "names.txt")));
    CHECK(number_in(page.fact("held_out_nats")) == 2.5);
    CHECK(number_in(page.fact("held_out_bits")) == doctest::Approx(2.5 / kLn2));
    CHECK(page.find_fact("best_step") == nullptr);
    CHECK(text_in(page.table("vocabulary").rows[1][1]) == "'e'");
    CHECK(text_in(page.table("vocabulary").rows[4][1]) == "BOS");
    CHECK(text_in(cell(page.table("config"), row_of(page.table("config"), "model.n_layer"), "value")) == "2");
    const view::Table& tensors = page.table("tensors");
    REQUIRE(tensors.rows.size() == 15);
    const Parameters<double> weights = runs.weights(24);
    for (std::size_t t = 0; t < 15; ++t) {
      const TensorSpec& spec = weights.table()[t];
      long double squares = 0;
      float largest = 0;
      for (Index i = 0; i < spec.rows * spec.cols; ++i) {
        const auto w = static_cast<float>(weights.values()[static_cast<std::size_t>(spec.offset + i)]);
        squares += static_cast<long double>(w) * static_cast<long double>(w);
        largest = std::max(largest, std::abs(w));
      }
      CHECK(text_in(cell(tensors, t, "tensor")) == spec.name);
      CHECK(text_in(cell(tensors, t, "shape"))
            == std::to_string(spec.rows) + " x " + std::to_string(spec.cols));
      CHECK(number_in(cell(tensors, t, "norm")) == doctest::Approx(static_cast<double>(std::sqrt(squares))));
      CHECK(number_in(cell(tensors, t, "largest")) == static_cast<double>(largest));
      CHECK(number_in(cell(tensors, t, "adam_m_norm")) == 0);
    }
  }

  TEST_CASE("view: info names the best checkpoint of the run, and is bounded until it is asked for all") {
    MadeRuns runs;
    runs.config.model.n_layer = 24;
    runs.save("run", 30);
    runs.save("run", 20, {}, 1.5);
    std::filesystem::rename(runs.path("run", 20), RunFolder{runs.folder / "run"}.best_checkpoint());
    const MadePage page = info_of(runs, "run", 30);
    CHECK(number_in(page.fact("best_step")) == 20);
    CHECK(number_in(page.fact("best_nats")) == 1.5);
    CHECK(std::holds_alternative<std::string>(page.fact("held_out_nats")));  // not measured
    CHECK(page.table("tensors").rows.size() == 20);
    CHECK(page.table("tensors").total_rows == 3 + 6 * 24);
    CHECK(page.rows() <= 62);
    const auto has_key = [](const MadePage& made, const std::string& key) {
      const auto& rows = made.table("config").rows;
      return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return text_in(row[0]) == key; });
    };
    CHECK(has_key(page, "model.n_layer"));
    CHECK(!has_key(page, "sample.min_p"));  // as by default
    CHECK(has_key(info_of(runs, "run", 30, true), "sample.min_p"));
    CHECK(info_of(runs, "run", 30, true).table("tensors").rows.size() == 3 + 6 * 24);
    // A damaged best is none.
    write_bytes(RunFolder{runs.folder / "run"}.best_checkpoint(), "no checkpoint");
    CHECK(info_of(runs, "run", 30).find_fact("best_step") == nullptr);
  }

  TEST_CASE("view: info shows a part of a large vocabulary") {
    MadeRuns runs;
    std::vector<char32_t> characters;
    for (char32_t c = 0x4e00; characters.size() < 2000; ++c) characters.push_back(c);
    runs.tokenizer = Tokenizer(characters);
    runs.config.model.vocab_size = 2001;
    runs.save("run", 1);
    const MadePage page = info_of(runs, "run", 1);
    CHECK(number_in(page.fact("characters")) == 2000);
    CHECK(text_in(page.fact("vocabulary")).size() < 500);
    CHECK(!page.has("vocabulary"));
    CHECK(info_of(runs, "run", 1, true).table("vocabulary").rows.size() == 2001);
  }

  TEST_CASE("view: the report on novelty counts shares with their intervals") {
    NoveltySummary summary{.samples = 20,
                           .training_documents = 100,
                           .fresh = 15,
                           .known = 4,
                           .blank = 1,
                           .cut = 2,
                           .stopped = 1,
                           .repeated = 3,
                           .held_out = 5};
    summary.distance = MeanWithInterval{1.5, Interval{1, 2}};
    summary.copied = MeanWithInterval{4, {}};
    summary.longest_copied = 9;
    summary.longest_piece = "the brok";
    const MadePage page(view::novelty_report(summary, 16));
    CHECK(number_in(page.fact("samples")) == 20);
    CHECK(number_in(page.fact("new")) == 15);
    CHECK(number_in(page.fact("cut")) == 2);
    CHECK(number_in(page.fact("stopped")) == 1);
    CHECK(page.section("shares").says.find("a stop string") != std::string::npos);
    CHECK(page.section("shares").says.find("only if no training document contains it") != std::string::npos);
    const view::Table& shares = page.table("shares");
    REQUIRE(shares.rows.size() == 4);
    CHECK(number_in(cell(shares, 0, "share")) == 0.75);
    CHECK(number_in(cell(shares, 0, "low")) == doctest::Approx(share_interval(15, 20).low));
    CHECK(number_in(cell(shares, 1, "count")) == 4);
    CHECK(number_in(cell(shares, 2, "count")) == 1);
    CHECK(number_in(cell(shares, 3, "share")) == doctest::Approx(1.0 / 3));  // of the new ones
    CHECK(page.section("shares").says.find("sample.max_chars") != std::string::npos);
    CHECK(number_in(cell(page.table("distances"), 0, "mean")) == 1.5);
    CHECK(is_empty(cell(page.table("distances"), 1, "low")));
    CHECK(number_in(page.fact("longest_copied")) == 9);

    CHECK(view::novelty_report({}, 16).sections.empty());
    const MadePage none(view::novelty_report({.samples = 2, .known = 2, .held_out = 0}, 16));
    CHECK(none.page.sections.size() == 1);
    CHECK(none.section("shares").says == "");                 // none was cut or stopped
    CHECK(is_empty(cell(none.table("shares"), 3, "share")));  // there is none to take a share of
  }

  TEST_CASE("view: bench has what was measured and where its time went") {
    BenchReport report{.peak_gflops = {.median = 50, .spread = 0.01}, .results = {}};
    BenchResult result;
    result.setting = {.name = "made-c4-b10-t2",
                      .model = {.n_layer = 1, .n_embd = 4, .n_head = 1, .block_size = 4, .vocab_size = 8},
                      .batch_size = 10,
                      .threads = 2};
    result.seconds = {.median = 1e-3, .spread = 0.02};
    result.positions = 1000;
    for (std::size_t i = 0; i < result.phases.size(); ++i)
      result.phases[i] = 1e-5 * static_cast<double>(i + 1);
    report.results = {result};
    const MadePage page(view::bench_report(report));
    CHECK(number_in(page.fact("peak_gflops")) == 50);
    const view::Table& table = page.table("training");
    CHECK(text_in(table.rows.at(0)[0]) == "made-c4-b10-t2");
    CHECK(number_in(cell(table, 0, "us_per_document")) == doctest::Approx(100));
    CHECK(number_in(cell(table, 0, "ms_per_step")) == doctest::Approx(1));
    CHECK(number_in(cell(table, 0, "characters_per_second")) == doctest::Approx(1e6));
    CHECK(number_in(cell(table, 0, "gflops")) == doctest::Approx(1.344));
    CHECK(number_in(cell(table, 0, "share_of_peak")) == doctest::Approx(1.344 / 100));
    const view::Table& phases = page.table("phases");
    CHECK(number_in(cell(phases, 0, "embed")) == doctest::Approx(1.0 / 45));
    CHECK(number_in(cell(phases, 0, "adam")) == doctest::Approx(9.0 / 45));
    CHECK(number_in(cell(phases, 0, "us_per_step")) == doctest::Approx(450));
    const std::string quiet = page.section("training").note;
    report.peak_gflops.spread = 0.2;
    CHECK(view::bench_report(report).sections[0].note.size() > quiet.size());  // a busy machine is told
  }
}
