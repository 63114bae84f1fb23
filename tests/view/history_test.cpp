// study history: its losses against those that were written down, its scalars against runs by lists, and what it does
// with checkpoints that are damaged, of another model, or missing.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "microgpt/study/heads.hpp"
#include "microgpt/study/sweeps.hpp"
#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/made_runs.hpp"
#include "support/study.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  struct ManyCheckpoints : MadeRuns {
    std::vector<int> steps = {0, 10, 20, 30};

    ManyCheckpoints() {
      for (const int step : steps) save("run", step);
    }
    [[nodiscard]] MadePage history(const std::string& name, Given given = {}) const {
      given.insert(given.begin(), {"RUN", run(name)});
      return {view::history_view(), given};
    }
    [[nodiscard]] Failure refusal(const std::string& name, const Given& given) const {
      return failure_of([&] { (void)history(name, given); });
    }
  };

  Given with_scalars(const std::vector<std::string>& scalars, Given given = {}) {
    for (const std::string& scalar : scalars) given.emplace_back("--scalar", scalar);
    return given;
  }

  std::string metrics_line(int step, double loss, const std::string& key = "loss") {
    return "{\"step\":" + std::to_string(step) + ",\"" + key + "\":" + std::to_string(loss) + "}\n";
  }

  }  // namespace

  TEST_CASE("view: history has a scalar's number of every checkpoint, as runs by lists have it") {
    const ManyCheckpoints runs;
    const std::vector<std::string> scalars = {"loss",
                                              "nll[position 3]",
                                              "prob[position 3, token a]",
                                              "logit[position 3, token a]",
                                              "layer0.attn.pattern[head 1, position 4, source 2]",
                                              "layer1.mlp.post[position 2, neuron 3]",
                                              "norm(layer0.attn_wq)",
                                              "layer0.attn_wq[3,5]",
                                              "cosine(a, e)"};
    const MadePage page = runs.history("run", with_scalars(scalars, {{"--text", "emma"}, {"--limit", "6"}}));
    CHECK(page.warnings.empty());
    CHECK(number_in(page.fact("checkpoints")) == 4);
    CHECK(number_in(page.fact("documents")) == 6);
    CHECK(number_in(page.fact("characters")) == 30);
    CHECK(!page.has("loss"));  // nothing was written down
    CHECK(!page.has("skipped"));
    REQUIRE(page.table("values").rows.size() == scalars.size());
    REQUIRE(page.table("values").columns.size() == 5);
    for (std::size_t i = 0; i < runs.steps.size(); ++i) {
      const int step = runs.steps[i];
      CAPTURE(step);
      const auto emma = runs.plain_run_of(step, "emma");
      double nats = 0;
      double characters = 0;
      for (const char* name : {"anna", "emma", "eman", "maen", "nana", "amen"}) {
        for (const double nll : runs.plain_run_of(step, name).nll) {
          nats += nll;
          ++characters;
        }
      }
      const Parameters<double> weights = runs.weights(step);
      const auto wte = [&](Index row, Index c) { return weights.wte()(row, c); };
      double product = 0, a = 0, e = 0, wq = 0;
      for (Index c = 0; c < 8; ++c) {
        product += wte(0, c) * wte(1, c);
        a += wte(0, c) * wte(0, c);
        e += wte(1, c) * wte(1, c);
        for (Index r = 0; r < 8; ++r) wq += weights.attn_wq(0)(r, c) * weights.attn_wq(0)(r, c);
      }
      const double expected[] = {nats / characters,
                                 emma.nll[3],
                                 emma.at.at("probs")[3][0],
                                 emma.at.at("logits")[3][0],
                                 emma.at.at("layer0.attn.pattern[head 1]")[4][2],
                                 emma.at.at("layer1.mlp.post")[2][3],
                                 std::sqrt(wq),
                                 weights.attn_wq(0)(3, 5),
                                 product / std::sqrt(a * e)};
      for (std::size_t s = 0; s < scalars.size(); ++s) {
        CAPTURE(scalars[s]);
        CHECK(cell(page.table("values"), s, "scalar") == view::Value(scalars[s]));
        const double got = number_in(cell(page.table("values"), s, "step_" + std::to_string(step)));
        CHECK(got == doctest::Approx(expected[s]).epsilon(1e-9));
        const auto& line = std::get<std::vector<double>>(cell(page.table("scalars"), s, "values"));
        REQUIRE(line.size() == 4);
        CHECK(line[i] == got);
        CHECK(number_in(cell(page.table("scalars"), s, "min")) <= got);
        CHECK(number_in(cell(page.table("scalars"), s, "max")) >= got);
        if (i == 3) CHECK(number_in(cell(page.table("scalars"), s, "last")) == got);
      }
    }
  }

  TEST_CASE("view: history has scores of heads, ablations and neighbours as their own functions give them") {
    const ManyCheckpoints runs;
    const MadePage page = runs.history(
        "run",
        with_scalars({"head.previous[layer 1, head 0]", "ablation(layer0.attn.z[head 1])", "nearest(a)"}));
    for (std::size_t i = 0; i < runs.steps.size(); ++i) {
      const view::Subject subject(std::make_shared<const Checkpoint>(runs.load("run", runs.steps[i])), "");
      const Batch batch = subject.documents({}, 1000);
      const std::string column = "step_" + std::to_string(runs.steps[i]);
      const auto heads = study::head_scores(study::run(subject.model(), batch));
      CHECK(number_in(cell(page.table("values"), 0, column)) == doctest::Approx(heads[2].previous));
      double with = 0, without = 0;  // the loss with and without the head
      const study::Intervention nothing[] = {study::zero({.site = Site::z, .layer = 0, .head = 1})};
      with = study::run(subject.model(), batch).loss();
      without = study::run(subject.model(), batch, nothing).loss();
      CHECK(number_in(cell(page.table("values"), 1, column))
            == doctest::Approx(without - with).epsilon(1e-9));
      const auto near = [&](Token a, Token b) {
        return plain_cosine(subject.model().parameters.wte(), a, b);
      };
      Token best = 1;
      for (Token t = 2; t < 5; ++t) best = near(0, t) > near(0, best) ? t : best;
      const std::string words = text_in(cell(page.table("nearest"), i, "nearest_1"));
      CHECK(words.starts_with(subject.label(best) + " "));
      CHECK(number_in(cell(page.table("nearest"), i, "step")) == runs.steps[i]);
    }
  }

  TEST_CASE("view: history follows the loss and every head by default, without layers the loss") {
    ManyCheckpoints runs;
    const MadePage page = runs.history("run");
    const view::Table& table = page.table("scalars");
    REQUIRE(table.rows.size() == 9);
    CHECK(text_in(table.rows[0][0]) == "loss");
    CHECK(text_in(table.rows[4][0]) == "head.induction[layer 1, head 1]");
    CHECK(text_in(table.rows[5][0]) == "head.previous[layer 0, head 0]");
    CHECK(runs.history("run", {{"--text", "emma"}}).table("scalars").rows.size() == 9 + 5);
    // What needs no documents does not read them.
    std::filesystem::remove(runs.folder / "names.txt");
    CHECK(runs.history("run", with_scalars({"norm(wte)"})).find_fact("documents") == nullptr);
    CHECK(runs.refusal("run", {}).fault == 3);
    write_bytes(runs.folder / "others.txt", "mama\nnene\n");
    const std::string others = (runs.folder / "others.txt").string();
    CHECK(number_in(runs.history("run", {{"--data", others}}).fact("documents")) == 2);
    runs.write_text("anna\n");
    runs.config.model.n_layer = 0;
    runs.save("flat", 3);
    CHECK(runs.history("flat", {{"--data", others}}).table("values").rows.size() == 1);
    CHECK(runs.history("flat", {{"--list", ""}}).table("parts").rows.size() == 5);
  }

  TEST_CASE("view: history counts the best checkpoint by its step, and one checkpoint is enough") {
    ManyCheckpoints runs;
    runs.save("one", 20);
    const MadePage one = runs.history("one", with_scalars({"norm(wte)"}));
    CHECK(number_in(one.fact("checkpoints")) == 1);
    CHECK(!one.has("scalars"));
    CHECK(one.table("values").columns.size() == 2);
    const std::string file = runs.path("one", 20).string();
    CHECK(MadePage(view::history_view(), {{"RUN", file}, {"--scalar", "norm(wte)"}}).table("values").rows
          == one.table("values").rows);

    const auto best = RunFolder{runs.folder / "run"}.best_checkpoint();
    const auto before = runs.history("run", with_scalars({"norm(wte)"})).table("values").rows;
    runs.save("elsewhere", 10, [](Parameters<double>& w) { w.wte().setZero(); });
    std::filesystem::rename(runs.path("elsewhere", 10), best);
    CHECK(runs.history("run", with_scalars({"norm(wte)"})).table("values").rows
          == before);  // the step's own counts
    runs.save("one", 15);
    std::filesystem::rename(runs.path("one", 15), RunFolder{runs.folder / "one"}.best_checkpoint());
    const MadePage two = runs.history("one", with_scalars({"norm(wte)"}));
    CHECK(two.table("values").columns[1].key == "step_15");
    CHECK(two.table("values").columns[2].key == "step_20");
  }

  TEST_CASE("view: history names and skips checkpoints that are damaged or of another model") {
    ManyCheckpoints runs;
    const MadePage whole = runs.history("run");
    std::string bytes = read_bytes(runs.path("run", 30));
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    write_bytes(runs.path("run", 30), bytes);
    write_bytes(runs.path("run", 10), "no checkpoint");
    const MadePage rest = runs.history("run");
    REQUIRE(rest.warnings.size() == 2);
    CHECK(rest.warnings[0].find("step-00000030.safetensors") != std::string::npos);
    CHECK(rest.warnings[1].find("step-00000010.safetensors") != std::string::npos);
    CHECK(number_in(rest.fact("skipped")) == 2);
    CHECK(rest.table("skipped").rows.size() == 2);
    CHECK(number_in(rest.fact("checkpoints")) == 2);
    for (std::size_t s = 0; s < 9; ++s) {  // the others are what they were
      for (const char* step : {"step_0", "step_20"}) {
        CHECK(cell(rest.table("values"), s, step) == cell(whole.table("values"), s, step));
      }
    }
    runs.config.model.n_head = 4;
    runs.save("run", 10);
    const MadePage other = runs.history("run", with_scalars({"norm(wte)"}));
    REQUIRE(other.warnings.size() == 2);
    CHECK(other.warnings[1].find("not the same model") != std::string::npos);

    for (const int step : runs.steps) write_bytes(runs.path("run", step), "no checkpoint");
    const Failure none = runs.refusal("run", {});
    CHECK(none.fault == 4);
    CHECK(none.names("step-00000030.safetensors"));
  }

  TEST_CASE("view: history leaves a cell empty where a model overflows") {
    MadeRuns runs;
    for (const int step : {1, 2, 3}) {
      runs.save("run", step, [&](Parameters<double>& w) {
        if (step == 2) w.lm_head().setConstant(1.7e308);
      });
    }
    const MadePage page(
        view::history_view(),
        {{"RUN", runs.run("run")}, {"--text", "a"}, {"--scalar", "logit[position 1, token a]"}});
    CHECK(!is_empty(cell(page.table("values"), 0, "step_1")));
    CHECK(is_empty(cell(page.table("values"), 0, "step_2")));
    const auto& line = std::get<std::vector<double>>(cell(page.table("scalars"), 0, "values"));
    CHECK(std::isnan(line[1]));
    const double first = number_in(cell(page.table("values"), 0, "step_1"));
    const double last = number_in(cell(page.table("values"), 0, "step_3"));
    CHECK(number_in(cell(page.table("scalars"), 0, "min")) == std::min(first, last));
    CHECK(number_in(cell(page.table("scalars"), 0, "last")) == last);
  }

  TEST_CASE("view: history shows 12 checkpoints and 20 scalars until it is asked for all") {
    MadeRuns runs;
    runs.config.train.steps = 100;
    for (int step = 0; step < 40; ++step) runs.save("run", step);
    const Given given = {{"RUN", runs.run("run")}, {"--scalar", "layer0.attn_wq"}};
    const MadePage few(view::history_view(), given);
    CHECK(few.table("values").columns.size() == 1 + 12);
    CHECK(few.table("values").columns[1].key == "step_0");
    CHECK(few.table("values").columns[12].key == "step_39");
    CHECK(few.table("values").rows.size() == 20);
    CHECK(few.table("values").total_rows == 64);
    CHECK(few.table("scalars").total_rows == 64);
    CHECK(std::get<std::vector<double>>(few.table("scalars").rows[0][1]).size() == 40);
    CHECK(few.rows() <= 60);
    Given all = given;
    all.insert(all.end(), {{"--all-steps", ""}, {"--top", "0"}});
    const MadePage every(view::history_view(), all);
    CHECK(every.table("values").columns.size() == 1 + 40);
    CHECK(every.table("values").rows.size() == 64);
    CHECK(every.table("values").total_rows == 0);
    for (int step = 40; step < 70; ++step) runs.save("run", step);
    const MadePage many(view::history_view(), {{"RUN", runs.run("run")}, {"--scalar", "norm(wte)"}});
    CHECK(number_in(many.fact("checkpoints")) == 50);
    CHECK(number_in(many.fact("files")) == 70);
    CHECK(number_in(many.fact("first_step")) == 0);
    CHECK(number_in(many.fact("last_step")) == 69);
  }

  TEST_CASE("view: history begins with the losses of the run") {
    ManyCheckpoints runs;
    std::string lines;
    for (int step = 1; step <= 1000; ++step) {
      lines += metrics_line(step, step);
      if (step % 250 == 0) lines += metrics_line(step, 2000 - step, "held_out_loss");
    }
    write_bytes(RunFolder{runs.folder / "run"}.metrics(), lines + "{\"step\":1001,\"loss\":");
    const MadePage page = runs.history("run");
    REQUIRE(page.page.sections.front().key == "loss");
    const view::Table& table = page.table("loss");
    CHECK(table.rows.size() >= 300);
    CHECK(table.rows.size() <= 410);
    double before = 0;
    std::size_t evaluations = 0;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const double step = number_in(cell(table, r, "step"));
      CHECK(number_in(cell(table, r, "training")) == doctest::Approx((before + 1 + step) / 2));
      if (const view::Value& held_out = cell(table, r, "held_out"); !is_empty(held_out)) {
        CHECK(number_in(held_out) == 2000 - step);
        ++evaluations;
      }
      before = step;
    }
    CHECK(before == 1000);
    CHECK(evaluations == 4);
    CHECK(number_in(page.fact("held_out_nats")) == 1000);
    CHECK(number_in(page.fact("best")) == 1000);
    CHECK(number_in(page.fact("best_step")) == 1000);
    const auto& references = page.section("loss").figure->references;
    REQUIRE(references.size() == 2);
    CHECK(references[0].value == doctest::Approx(std::log(5.0)));
    CHECK(references[1].value < references[0].value);  // the best table of n-grams on its own text
    CHECK(page.section("loss").figure->kind == view::Figure::Kind::line);
    // Fewer points, and every step.
    CHECK(runs.history("run", {{"--points", "20"}}).table("loss").rows.size() <= 20);
    CHECK(runs.history("run", {{"--points", "1000"}}).table("loss").rows.size() == 1000);
  }

  TEST_CASE("view: history shows losses without a text, and without a checkpoint") {
    ManyCheckpoints runs;
    write_bytes(RunFolder{runs.folder / "run"}.metrics(), metrics_line(1, 3) + metrics_line(2, 2));
    std::filesystem::remove(runs.folder / "names.txt");
    const MadePage no_text = runs.history("run", {{"--baselines", ""}});
    CHECK(no_text.table("loss").rows.size() == 2);
    CHECK(no_text.table("loss").columns.size() == 2);  // nothing was held out
    CHECK(no_text.page.sections.size() == 1);
    CHECK(no_text.warnings.size() == 2);
    CHECK(no_text.section("loss").figure->references.size() == 1);
    CHECK(runs.refusal("run", with_scalars({"loss"})).fault == 3);  // what was asked for is not left out
    CHECK(runs.refusal("run", {{"--data", "nothing.txt"}}).fault == 3);
    std::filesystem::remove_all(runs.folder / "run/checkpoints");
    const MadePage none = runs.history("run");
    CHECK(none.table("loss").rows.size() == 2);
    CHECK(none.section("loss").figure->references.empty());
    CHECK(none.warnings.size() == 1);
    CHECK(runs.refusal("run", with_scalars({"norm(wte)"})).fault == 4);
    CHECK(runs.refusal("run", {{"--list", ""}}).fault == 4);
  }

  TEST_CASE("view: history lists what there is, and all of that can be followed") {
    const ManyCheckpoints runs;
    const MadePage list = runs.history("run", {{"--list", ""}});
    CHECK(list.rows() < 60);
    const view::Table& forms = list.table("forms");
    REQUIRE(forms.rows.size() == 12);
    for (const auto& row : forms.rows) {
      std::string form = text_in(row[0]);
      const std::vector<std::pair<std::string, std::string>> values = {
          {"SCORE", "induction"},
          {"ADDRESS", "layer0.attn.out[position 1, channel 3]"},
          {"TENSOR", "layer1.mlp_fc2"},
          {"layer L", "layer 1"},
          {"head H", "head 0"},
          {"position P", "position 2"},
          {"token X", "token m"},
          {"(X", "(a"},
          {"Y)", "BOS)"},
          {"ROW", "1"},
          {"COLUMN", "2"}};
      for (const auto& [name, value] : values) {
        if (const auto at = form.find(name); at != std::string::npos) form.replace(at, name.size(), value);
      }
      CAPTURE(form);
      const MadePage page = runs.history("run", with_scalars({form}, {{"--text", "emma"}}));
      CHECK(page.warnings.empty());
      CHECK(page.rows() > 0);
    }
  }

  TEST_CASE("view: history takes back the names it shows, whatever the characters") {
    MadeRuns runs;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U'\n', U' ', U'\'', U'\\'});
    runs.write_text("anna\n");
    runs.save("run", 1);
    const Given text = {{"RUN", runs.run("run")}, {"--text", "\\n '"}};
    Given given = text;
    given.insert(given.end(), {{"--scalar", "prob[position 1]"}, {"--scalar", "nearest('\\n')"}});
    const MadePage page(view::history_view(), given);
    REQUIRE(page.table("values").rows.size() == 5);
    for (const auto& row : page.table("values").rows) {
      CAPTURE(text_in(row[0]));
      Given again = text;
      again.emplace_back("--scalar", text_in(row[0]));
      CHECK(MadePage(view::history_view(), again).table("values").rows
            == std::vector<std::vector<view::Value>>{row});
    }
  }

  TEST_CASE("view: history refuses by name what is not there") {
    const ManyCheckpoints runs;
    const auto check = [&](const std::string& name, const Given& given, int fault, const std::string& part) {
      const Failure failure = runs.refusal(name, given);
      CAPTURE(failure.message);
      CHECK(failure.fault == fault);
      CHECK(failure.is_one_line());
      CHECK(failure.names(part));
    };
    check("nothing", {}, 4, "nothing");
    check(".", {}, 4, "no model");
    check("run", with_scalars({"los"}), 2, "'los'");
    check("run", with_scalars({"nll"}), 2, "--text");
    check("run", with_scalars({"nll[position 5]"}, {{"--text", "emma"}}), 2, "position 5");
    check("run", with_scalars({"nearest(x)"}), 3, "'x'");
    check("run", {{"--text", "exa"}}, 3, "--text");
    check("run", {{"--text", "emmaenn"}}, 2, "block_size");
    check("run", with_scalars({"head.self[layer 2]"}), 2, "layer 2");
    check("run", with_scalars({"layer2.attn.q"}), 2, "layer 2");
    check("run", {{"--data", "nothing.txt"}}, 3, "nothing.txt");
    check("run", {{"--limit", "0"}}, 2, "--limit");
    CHECK(failure_of([&] { (void)MadePage(view::history_view(), {}); }).names("RUN is required"));
  }
}
