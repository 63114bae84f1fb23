// microgpt study history from the outside: that its numbers are those of the other views on each checkpoint,
// what it does with checkpoints that are damaged, its page, its refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/drawn_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/utf8.hpp"

namespace {

using namespace microgpt::test;
using microgpt::Parameters;
using microgpt::RunFolder;

struct ManyCheckpoints : DrawnRuns {
  std::vector<int> steps = {0, 10, 20, 30};

  ManyCheckpoints() {
    for (const int step : steps) save("run", step);
  }
  /// What another view says of the checkpoint of a step.
  [[nodiscard]] Json view_of(int step, std::vector<std::string> view) const {
    view.insert(view.begin() + 1, {"--model", path("run", step).string()});
    return json(view);
  }
};

/// The row of an array of objects whose `key` has this text.
Json row_of(const Json& rows, const std::string& key, const std::string& text) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i][key].text() == text) return rows[i];
  }
  throw std::runtime_error("no " + text + " in " + rows.dump());
}

std::vector<std::string> with_scalars(std::vector<std::string> call,
                                      const std::vector<std::string>& scalars) {
  for (const std::string& scalar : scalars) call.insert(call.end(), {"--scalar", scalar});
  return call;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("study history: each number is what its own view says of that checkpoint") {
    const ManyCheckpoints runs;
    const std::vector<std::string> scalars = {"loss",
                                              "head.previous[layer 1, head 0]",
                                              "head.induction[layer 0, head 1]",
                                              "head.entropy[layer 1, head 1]",
                                              "nll[position 3]",
                                              "prob[position 3, token a]",
                                              "layer0.attn.pattern[head 1, position 4, source 2]",
                                              "layer1.mlp.post[position 2, neuron 3]",
                                              "norm(layer0.attn_wq)",
                                              "cosine(a, e)",
                                              "ablation(layer0.attn.z[head 1])",
                                              "nearest(a)",
                                              "logit[position 3, token a]"};
    const Json history =
        runs.json(with_scalars({"history", "run", "--text", "emma", "--limit", "4"}, scalars));
    CHECK(history["view"].text() == "history");
    CHECK(history["tokens"].dump() == R"(["BOS","e","m","m","a"])");
    CHECK(history["steps"].dump() == "[0,10,20,30]");
    CHECK(history["documents"].number() == 4);
    CHECK(history["skipped"].size() == 0);
    REQUIRE(history["scalars"].size() == scalars.size());
    for (std::size_t i = 0; i < runs.steps.size(); ++i) {
      const int step = runs.steps[i];
      CAPTURE(step);
      const auto check = [&](std::size_t scalar, double expected) {
        CAPTURE(scalars[scalar]);
        CHECK(history["scalars"][scalar]["scalar"].text() == scalars[scalar]);
        CHECK(history["scalars"][scalar]["values"].size() == runs.steps.size());
        CHECK(history["scalars"][scalar]["values"][i].number() == doctest::Approx(expected).epsilon(1e-12));
      };
      const Json ablate = runs.view_of(step, {"ablate", "--limit", "4", "--at", "layer0.attn.z[head 1]"});
      check(0, ablate["loss"].number());
      check(10, ablate["rows"][0]["change"].number());
      const Json heads = runs.view_of(step, {"heads", "--limit", "4"})["heads"];
      check(1, row_of(heads, "address", "layer1.attn.z[head 0]")["previous"].number());
      check(2, row_of(heads, "address", "layer0.attn.z[head 1]")["induction"].number());
      check(3, row_of(heads, "address", "layer1.attn.z[head 1]")["entropy"].number());
      const Json last =
          runs.view_of(step, {"lens", "--text", "emma", "--position", "3"})["positions"][0]["stages"][4];
      check(4, last["nll"].number());
      check(5, last["probs"][0].number());
      const Json attention =
          runs.view_of(step, {"attention", "--text", "emma", "--layer", "0", "--head", "1"});
      check(6, attention["heads"][0]["pattern"][4][2].number());
      const auto file = runs.folder / "trace.json";
      REQUIRE(runs.study({"trace", "--model", runs.path("run", step).string(), "--text", "emma", "--out",
                          file.string()})
                  .exit_code
              == 0);
      const Json trace = Json::parse(read_bytes(file));
      check(7, trace["arrays"]["layer1.mlp.post"][2][3].number());
      check(12, trace["arrays"]["logits"][3][0].number());
      const auto info = run_microgpt({"info", runs.path("run", step).string(), "--json"});
      check(8, row_of(Json::parse(info.out)["tensors"], "name", "layer0.attn_wq")["norm"].number());
      const Json embeddings = runs.view_of(step, {"embeddings", "--top", "4"});
      const Json nearest = row_of(embeddings["rows"], "row", "a")["nearest"];
      check(9, row_of(nearest, "row", "e")["cosine"].number());
      const Json neighbours = history["scalars"][11]["values"][i];
      REQUIRE(neighbours.size() == 3);
      for (std::size_t n = 0; n < 3; ++n) {
        CHECK(neighbours[n]["row"].text() == nearest[n]["row"].text());
        CHECK(neighbours[n]["cosine"].number()
              == doctest::Approx(nearest[n]["cosine"].number()).epsilon(1e-12));
      }
    }
  }

  TEST_CASE("study history: without --scalar the loss and every head, without layers the loss") {
    ManyCheckpoints runs;
    const Json history = runs.json({"history", "run"});
    REQUIRE(history["scalars"].size() == 9);
    CHECK(history["scalars"][0]["scalar"].text() == "loss");
    CHECK(history["scalars"][4]["scalar"].text() == "head.induction[layer 1, head 1]");
    CHECK(history["scalars"][5]["scalar"].text() == "head.previous[layer 0, head 0]");
    CHECK(!history.has("text"));
    const Json text = runs.json({"history", "run", "--text", "emma"});
    REQUIRE(text["scalars"].size() == 9 + 5);
    CHECK(text["scalars"][13]["scalar"].text() == "nll[position 4]");
    CHECK(history["documents"].number() == 6);
    // Nothing that needs documents: they are not read.
    std::filesystem::remove(runs.folder / "names.txt");
    CHECK(!runs.json({"history", "run", "--scalar", "norm(wte)"}).has("documents"));
    CHECK(runs.study({"history", "run"}).exit_code == 3);
    write_bytes(runs.folder / "others.txt", "mama\nnene\n");
    CHECK(runs.json({"history", "run", "--data", "others.txt"})["documents"].number() == 2);

    runs.config.model.n_layer = 0;
    runs.save("flat", 3);
    CHECK(runs.json({"history", "flat", "--data", "others.txt"})["scalars"].size() == 1);
    CHECK(runs.study({"history", "flat", "--list", "--data", "others.txt"}).out.find("L, H")
          == std::string::npos);
  }

  TEST_CASE("study history: one checkpoint is enough, and the best counts by its step") {
    ManyCheckpoints runs;
    runs.save("one", 20);
    const auto one = runs.study({"history", "one", "--scalar", "norm(wte)", "--width", "200"});
    CHECK(one.exit_code == 0);
    CHECK(one.out.starts_with(
        "one: one checkpoint, of step 20: no history (train.checkpoint_every says how often a "
        "run keeps one)\n\nscalar         20\nnorm(wte)  "));
    CHECK(runs.study({"history", runs.path("one", 20).string(), "--scalar", "norm(wte)"}).exit_code == 0);

    const auto best = RunFolder{runs.folder / "run"}.best_checkpoint();
    const Json before = runs.json({"history", "run", "--scalar", "norm(wte)"});
    runs.save("elsewhere", 10, [](Parameters<double>& w) { w.wte().setZero(); });
    std::filesystem::rename(runs.path("elsewhere", 10), best);
    const Json with_best = runs.json({"history", "run", "--scalar", "norm(wte)"});
    CHECK(with_best["steps"].dump() == "[0,10,20,30]");
    CHECK(with_best["scalars"].dump() == before["scalars"].dump());  // the step's own file counts
    runs.save("one", 15);
    std::filesystem::rename(runs.path("one", 15), RunFolder{runs.folder / "one"}.best_checkpoint());
    CHECK(runs.json({"history", "one", "--scalar", "norm(wte)"})["steps"].dump() == "[15,20]");
  }

  TEST_CASE("study history: a checkpoint that is damaged or of another model is named and skipped") {
    ManyCheckpoints runs;
    const Json whole = runs.json({"history", "run"});
    std::string bytes = read_bytes(runs.path("run", 30));
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    write_bytes(runs.path("run", 30), bytes);
    write_bytes(runs.path("run", 10), "no checkpoint");
    const auto result = runs.study({"history", "run", "--json"});
    CHECK(result.exit_code == 0);
    const auto warnings = lines_of(result.err);
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].starts_with(
        "warning: not a valid checkpoint: run/checkpoints/step-00000030.safetensors: "));
    CHECK(warnings[1].starts_with(
        "warning: not a valid safetensors file: run/checkpoints/step-00000010.safetensors: "));
    for (const std::string& warning : warnings) CHECK(warning.ends_with(": skipped"));
    const Json rest = Json::parse(result.out);
    CHECK(rest["steps"].dump() == "[0,20]");
    CHECK(rest["skipped"].size() == 2);
    for (std::size_t s = 0; s < rest["scalars"].size(); ++s) {  // the others are what they were
      CHECK(rest["scalars"][s]["values"][0].number() == whole["scalars"][s]["values"][0].number());
      CHECK(rest["scalars"][s]["values"][1].number() == whole["scalars"][s]["values"][2].number());
    }

    runs.config.model.n_head = 4;
    runs.save("run", 10);
    const auto other = runs.study({"history", "run", "--scalar", "norm(wte)"});
    CHECK(other.exit_code == 0);
    CHECK(
        other.err.find("warning: not the same model: run/checkpoints/step-00000010.safetensors: its shape or "
                       "vocabulary is not that of the newest: skipped\n")
        != std::string::npos);

    for (const int step : runs.steps) write_bytes(runs.path("run", step), "no checkpoint");
    const auto none = runs.study({"history", "run"});
    CHECK(none.exit_code == 4);
    CHECK(none.out.empty());
    CHECK(none.err.find("\nerror: not a valid safetensors file: run/checkpoints/step-00000030.safetensors")
          != std::string::npos);
  }

  TEST_CASE("study history: lines from low to high, as wide as there is room, and not a number") {
    DrawnRuns runs;
    for (int step = 0; step < 40; ++step) {
      runs.save("run", step, [&](Parameters<double>& w) {
        w.wte().setZero();
        w.wte()(0, 0) = std::min(step, 20);         // rises, then stays
        w.lm_head()(0, 0) = step == 7 ? 0 : 1e300;  // overflows in squares, and in logits
        w.wpe()(0, 0) = 1;
        if (step != 7) w.lm_head().setConstant(1.7e308);
      });
    }
    const auto page = [&](const std::vector<std::string>& scalars, const std::string& width) {
      const auto result =
          runs.study(with_scalars({"history", "run", "--text", "a", "--width", width}, scalars));
      INFO(result.err);
      REQUIRE(result.exit_code == 0);
      return lines_of(result.out);
    };
    const auto wide = page({"norm(wte)", "wpe[0,0]"}, "100");
    CHECK(wide[0] == "run: 40 checkpoints, steps 0 to 39");
    CHECK(wide[2] == "scalar     by step                                      min      max     last");
    // 8 step / 20, rounded down.
    CHECK(wide[3] == "norm(wte)  ▁▁▁▂▂▃▃▃▄▄▅▅▅▆▆▇▇▇██████████████████████       0  20.0000  20.0000");
    CHECK(wide[4] == "wpe[0,0]   ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  1.0000   1.0000   1.0000");
    CHECK(wide[6].starts_with("From ▁, the lowest of its row, to █, the highest; each is a checkpoint."));
    // Two checkpoints for one block.
    const auto narrow = page({"norm(wte)"}, "60");
    std::size_t blocks = 0;
    for (std::size_t at = 0; (at = narrow[3].find("\xe2\x96", at)) != std::string::npos; ++at) ++blocks;
    CHECK(blocks == 60 - (9 + 3 + 7 + 7 + 8));
    CHECK((narrow[5] + " " + narrow[6]).find("each is the mean of a few of the 40 checkpoints.")
          != std::string::npos);
    for (const std::string& line : narrow) CHECK(microgpt::count_code_points(line) <= 60);

    const auto broken = page({"logit[position 1, token a]"}, "120");
    CHECK(broken[3].find("  ×××××××▅××××") != std::string::npos);
    const auto json = runs.json({"history", "run", "--text", "a", "--scalar", "logit[position 1, token a]"});
    CHECK(json["scalars"][0]["values"][6].dump() == "null");
    CHECK(json["scalars"][0]["values"][7].dump() != "null");
  }

  TEST_CASE("study history: --list says what there is, and all of that works") {
    const ManyCheckpoints runs;
    const Json list = runs.json({"history", "run", "--list"});
    CHECK(list["layers"].number() == 2);
    CHECK(list["heads"].number() == 2);
    CHECK(list["tokens"].dump() == R"(["a","e","m","n","BOS"])");
    CHECK(list["sites"].size() == 36);
    CHECK(list["tensors"].size() == 15);
    const auto shown = runs.study({"history", "run", "--list", "--width", "80"});
    CHECK(shown.exit_code == 0);
    for (const std::string& line : lines_of(shown.out)) CHECK(microgpt::count_code_points(line) <= 80);
    // Every form, filled in.
    for (std::size_t i = 0; i < list["forms"].size(); ++i) {
      std::string form = list["forms"][i]["scalar"].text();
      CHECK(shown.out.find(form) != std::string::npos);
      const std::vector<std::pair<std::string, std::string>> values = {
          {"SCORE", list["scores"][4].text()},
          {"ADDRESS", list["sites"][11].text() + "[position 1, channel 3]"},
          {"TENSOR", list["tensors"][3].text()},
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
      const auto result = runs.study({"history", "run", "--text", "emma", "--scalar", form});
      CHECK(result.exit_code == 0);
      CHECK(result.err == "");
    }
  }

  TEST_CASE("study history: what is not there is refused in one line") {
    const ManyCheckpoints runs;
    const auto check = [&](std::vector<std::string> arguments, int code, const std::string& part) {
      arguments.insert(arguments.begin(), "history");
      const auto result = runs.study(arguments);
      INFO(result.err);
      CHECK(result.exit_code == code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(part) != std::string::npos);
    };
    check({}, 2, "RUN is required");
    check({"nothing"}, 4, "no such model: nothing");
    check({"."}, 4, "no model in run folder");
    check({"run", "--scalar", "los"}, 2, "bad scalar: 'los': no such scalar: there are loss, nll, prob");
    check({"run", "--scalar", "nll"}, 2, "it needs a text: give --text");
    check({"run", "--scalar", "nll[position 5]", "--text", "emma"}, 2,
          "there is no position 5: the text has 0 to 4");
    check({"run", "--scalar", "nearest(x)"}, 3, "unknown character: 'x'");
    check({"run", "--text", "exa"}, 3, "bad --text: the model has never seen 'x'");
    check({"run", "--text", "emmaenn"}, 2, "the model reads at most 6 (its block_size)");
    check({"run", "--scalar", "head.self[layer 2]"}, 2, "there is no layer 2: there are 0 to 1");
    check({"run", "--scalar", "layer2.attn.q"}, 2, "there is no layer 2: the model has 0 to 1");
    check({"run", "--data", "nothing.txt"}, 3, "nothing.txt");
    check({"run", "--limit", "0"}, 2, "--limit");
  }

  TEST_CASE("study history: as it was at 80 and 120 columns, and with colours where they are wanted") {
    const ManyCheckpoints runs;
    const auto call =
        with_scalars({"history", "run", "--text", "emma"},
                     {"loss", "head.induction", "prob[position 3, token a]", "nearest(a)", "nearest(BOS)"});
    runs.check_pages("study-history", call);
  }
}
