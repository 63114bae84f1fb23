#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  const std::vector<std::pair<std::string, std::string>> kAnnaAndEnna = {
      {"--clean", "anna"}, {"--corrupt", "enna"}, {"--target", "BOS"}, {"--contrast", "e"}};

  std::vector<std::pair<std::string, std::string>> patched_with(
      std::vector<std::pair<std::string, std::string>> options,
      const std::vector<std::pair<std::string, std::string>>& more) {
    options.insert(options.end(), more.begin(), more.end());
    return options;
  }

  }  // namespace

  TEST_CASE("view: patch gives the share that comes back, as the plain model has it") {
    const view::Subject subject = kept_model("names");
    const MadePage page(view::patch_view(), subject, kAnnaAndEnna);
    const auto model = plain<double>(subject.config(), subject.model().parameters);
    const auto tokens = [&](const std::string& text) {
      std::vector<int> list = {subject.tokenizer().bos()};
      subject.tokenizer().encode(text, list);
      list.push_back(subject.tokenizer().bos());
      return list;
    };
    const auto target = static_cast<std::size_t>(subject.tokenizer().bos());
    const auto contrast = static_cast<std::size_t>(subject.token("e", ""));
    const auto metric = [&](const PlainRun<double>& run) {
      const auto& logits = run.at.at("logits").back();
      return logits[target] - logits[contrast];
    };
    const auto clean = plain_run(model, tokens("anna"));
    const double to = metric(clean);
    const double from = metric(plain_run(model, tokens("enna")));
    CHECK(is_near(number_in(page.fact("clean")), to));
    CHECK(is_near(number_in(page.fact("corrupted")), from));
    CHECK(text_in(page.fact("metric")) == "logit difference");
    CHECK(page.find_fact("positions") == nullptr);
    const view::Table& table = page.table("sites");
    REQUIRE(table.rows.size() == 4 + 15);
    REQUIRE(table.columns.size() == 1 + 5);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const std::string site = text_in(table, r, "site");
      for (std::size_t p = 0; p < 5; ++p) {
        const auto run =
            plain_run<double>(model, tokens("enna"), [&](const std::string& name, Rows<double>& values) {
              if (name == site || name.starts_with(site + "[head ")) values[p] = clean.at.at(name)[p];
            });
        CHECK_MESSAGE(is_near(number_in(table, r, "position_" + std::to_string(p)),
                              (metric(run) - from) / (to - from), 1e-9),
                      site, " at ", p);
      }
    }
    CHECK(number_in(table, row_of(table, "embed"), "position_1") == 1);
    CHECK(number_in(table, row_of(table, "layer0.resid_post"), "position_0") == 0);
    CHECK(page.section("sites").figure->kind == view::Figure::Kind::heatmap);
    CHECK(page.progress.back() == 1);
    const MadePage again(view::patch_view(), subject, kAnnaAndEnna, 1);
    CHECK(same_rows(again.table("sites"), table));  // for any number of threads
  }

  TEST_CASE(
      "view: patch of what is named leaves the other positions empty, and without contrast it takes the "
      "loss") {
    const view::Subject subject = kept_model("names");
    const MadePage page(view::patch_view(), subject,
                        {{"--clean", "anna"},
                         {"--corrupt", "enna"},
                         {"--target", "BOS"},
                         {"--at", "layer0.attn.z[head 1]"},
                         {"--at", "layer0.attn.k[position 1]"}});
    CHECK(text_in(page.fact("metric")) == "loss");
    const view::Table& table = page.table("sites");
    REQUIRE(table.rows.size() == 2);
    const std::size_t k = row_of(table, "layer0.attn.k");
    CHECK(!is_empty(cell(table, k, "position_1")));
    for (const std::string p : {"0", "2", "3", "4"}) {
      CHECK(is_empty(cell(table, k, "position_" + p)));
      CHECK(!is_empty(cell(table, row_of(table, "layer0.attn.z[head 1]"), "position_" + p)));
    }
  }

  TEST_CASE("view: patch of a deep model has one map each for the stream, attention and MLP") {
    Noise noise(441);
    const view::Subject subject(random_model(noise, 20, Activation::relu), "made up");
    const std::vector<std::pair<std::string, std::string>> options = {
        {"--clean", "abcd"}, {"--corrupt", "abbd"}, {"--target", "a"}};
    const MadePage page(view::patch_view(), subject, options);
    CHECK(page.page.sections.size() == 3);
    for (const std::string key : {"resid_pre", "attn_out", "mlp_out"}) {
      const view::Table& table = page.table(key);
      CHECK(table.rows.size() == 16);
      CHECK(text_in(table, 0, "site").starts_with("layer0."));
      CHECK(text_in(table, 15, "site").starts_with("layer19."));
    }
    CHECK(page.find_fact("layers") != nullptr);
    CHECK(number_in(page.table("resid_pre"), 0, "position_3") == 1);  // where the texts differ
    CHECK(number_in(page.table("resid_pre"), 0, "position_2") == 0);
    const MadePage all(view::patch_view(), subject, patched_with(options, {{"--all", ""}}));
    CHECK(all.table("sites").rows.size() == 4 + 15 * 20);
  }

  TEST_CASE("view: patch of a long text shows where it differs, what follows, and the end") {
    Noise noise(442);
    study::Model model = random_model(noise, 1, Activation::relu);
    model.config.block_size = 60;
    model.parameters = random_parameters<double>(model.config, noise);
    const view::Subject subject(model, "made up");
    std::string clean(50, 'a');
    std::string corrupted = clean;
    corrupted[39] = 'b';  // position 40, after BOS
    const std::vector<std::pair<std::string, std::string>> options = {
        {"--clean", clean}, {"--corrupt", corrupted}, {"--target", "c"}};
    const MadePage page(view::patch_view(), subject, options);
    const view::Table& table = page.table("sites");
    CHECK(table.columns.size() == 1 + 16);
    CHECK(page.find_fact("positions") != nullptr);
    CHECK(number_in(table, row_of(table, "embed"), "position_40") == 1);
    CHECK(number_in(table, row_of(table, "layer0.resid_post"), "position_50") == 1);
    const MadePage named(view::patch_view(), subject, patched_with(options, {{"--at", "embed[position 7]"}}));
    CHECK(number_in(named.table("sites"), 0, "position_7") == 0);
  }

  TEST_CASE("view: patch refuses texts that do not fit, and sites that are the answer") {
    const view::Subject subject = kept_model("names");
    const auto failure = [&](const std::vector<std::pair<std::string, std::string>>& options) {
      return failure_of([&] { (void)MadePage(view::patch_view(), subject, options); });
    };
    const auto texts = [](const std::string& clean, const std::string& corrupt) {
      return std::vector<std::pair<std::string, std::string>>{
          {"--clean", clean}, {"--corrupt", corrupt}, {"--target", "a"}, {"--contrast", "e"}};
    };
    CHECK(failure(texts("anna", "ann")).fault == 2);
    CHECK(failure(texts("ann", "anna")).fault == 2);
    CHECK(failure(patched_with(texts("anna", "ann"), {{"--all", ""}})).fault == 2);
    CHECK(failure(texts("anna", "anna")).fault == 2);
    CHECK(failure(texts("an7a", "anna")).fault == 3);
    CHECK(failure(texts("anna", std::string(17, 'a'))).fault == 2);
    CHECK(failure(patched_with(kAnnaAndEnna, {{"--at", "logits"}})).fault == 2);
    CHECK(failure(patched_with(kAnnaAndEnna, {{"--at", "embed[position 5]"}})).names("0 to 4"));
    CHECK(failure(patched_with(kAnnaAndEnna, {{"--at", "embed"}, {"--all", ""}})).fault == 2);
    CHECK(failure({{"--clean", "anna"}, {"--corrupt", "enna"}}).fault == 2);
  }

  TEST_CASE("view: patch of 20,000 tokens is bounded") {
    const view::Subject subject = subject_of_many_tokens();
    const MadePage page(
        view::patch_view(), subject,
        {{"--clean", "abcdefghijklmno"}, {"--corrupt", "bbcdefghijklmno"}, {"--target", "a"}});
    CHECK(page.rows() <= 60);
    CHECK(page.table("sites").columns.size() <= 17);
  }
}
