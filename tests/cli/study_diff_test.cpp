// microgpt study diff from the outside: its words, its JSON, its page, its refusals.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "cli/drawn_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/utf8.hpp"

namespace {

using namespace microgpt::test;
using microgpt::Parameters;
using microgpt::Tokenizer;

/// Two checkpoints of one run, and a copy in which one weight is another.
struct TwoRuns : DrawnRuns {
  TwoRuns() {
    save("run", 10);
    save("run", 30);
    save("other", 30, [](Parameters<double>& w) { w.attn_wv(1)(2, 5) += 0.125; });
  }
};

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("study diff: a model and itself are equal, in one line") {
    const TwoRuns runs;
    const auto weights = runs.study({"diff", "run", "run", "--width", "200"});
    CHECK(weights.exit_code == 0);
    CHECK(weights.err.empty());
    CHECK(weights.out == "A and B are equal bit for bit: config, vocabulary, 1,664 weights in 15 tensors\n");
    const auto text = runs.study({"diff", "run", "run", "--text", "emma", "--width", "200"});
    CHECK(text.out
          == "A and B are equal bit for bit: config, vocabulary, 1,664 weights in 15 tensors, and on 'emma' all 36 "
             "sites\n");
    // By another way to the same file, and on no character at all.
    CHECK(runs.study({"diff", "run/checkpoints/step-00000030.safetensors", "run", "--text", "", "--width", "200"}).out
          == "A and B are equal bit for bit: config, vocabulary, 1,664 weights in 15 tensors, and on '' all 36 "
             "sites\n");
    const Json json = runs.json({"diff", "run", "run", "--text", "emma"});
    CHECK(json["equal"].dump() == "true");
    CHECK(json["config"].size() == 0);
    CHECK(json["first"].dump() == "null");
    CHECK(json["total"]["equal"].dump() == "true");
    CHECK(json["total"]["difference"]["largest"].number() == 0);
  }

  TEST_CASE("study diff: one weight that differs is named, and where it first shows") {
    const TwoRuns runs;
    const Json json = runs.json({"diff", "run", "other", "--text", "emma"});
    CHECK(json["view"].text() == "diff");
    CHECK(json["text"].text() == "emma");
    CHECK(json["tokens"].dump() == R"(["BOS","e","m","m","a"])");
    CHECK(json["a"]["step"].number() == 30);
    CHECK(json["b"]["file"].text() == "other/checkpoints/step-00000030.safetensors");
    CHECK(json["equal"].dump() == "false");
    REQUIRE(json["tensors"].size() == 15);
    for (std::size_t i = 0; i < 15; ++i) {
      const Json tensor = json["tensors"][i];
      const bool changed = tensor["tensor"].text() == "layer1.attn_wv";
      CHECK(tensor["equal"].dump() == (changed ? "false" : "true"));
      CHECK((tensor["difference"]["norm"].number() > 0) == changed);
      if (!changed) continue;
      CHECK(tensor["largest_at"].text() == "layer1.attn_wv[2,5]");
      CHECK(tensor["difference"]["largest"].number() == doctest::Approx(0.125));
      CHECK(tensor["shape_b"].dump() == "[8,8]");
    }
    CHECK(json["total"]["compared"].number() == 1664);
    CHECK(json["first"].text() == "layer1.attn.v");
    bool parted = false;
    for (std::size_t i = 0; i < json["sites"].size(); ++i) {
      const Json site = json["sites"][i];
      if (site["address"].text() == "layer1.attn.v") {
        parted = true;
        CHECK(site["largest_at"].text().starts_with("layer1.attn.v[head 0, position "));
        CHECK(site["largest_at"].text().ends_with("channel 2]"));  // row 2: head 0 has four
        CHECK(std::abs(site["b"].number() - site["a"].number())
              == doctest::Approx(site["difference"]["largest"].number()));
      }
      if (!parted) CHECK_MESSAGE(site["equal"].dump() == "true", site["address"].text());
    }
    CHECK(parted);
    CHECK(json["positions"].size() == 5);
    CHECK(json["positions"][4]["next"].text() == "BOS");
    CHECK(json["tokens_a"].dump() == R"(["a","e","m","n","BOS"])");
    for (std::size_t p = 0; p < 5; ++p) {
      // What lens says of the same models.
      for (const std::string side : {"a", "b"}) {
        const Json lens = runs.json({"lens", "--model", side == "a" ? "run" : "other", "--text", "emma",
                                     "--position", std::to_string(p)})["positions"][0]["stages"][4];
        CHECK(lens["nll"].number() == doctest::Approx(json["positions"][p]["nll_" + side].number()));
        CHECK(lens["probs"][3].number()
              == doctest::Approx(json["positions"][p]["probs_" + side][3].number()));
      }
    }
    const auto page = runs.study({"diff", "run", "other", "--text", "emma", "--width", "200"}).out;
    CHECK(page.find("\nconfig: the same\nvocabulary: the same 4 characters\nweights: 14 of 15 tensors equal "
                    "bit for bit; ")
          != std::string::npos);
    CHECK(page.find("\ntext: on 'emma' they first part at layer1.attn.v: apart by at most ")
          != std::string::npos);
  }

  TEST_CASE("study diff: a text that does not tell them apart") {
    TwoRuns runs;
    runs.save("unread", 30, [](Parameters<double>& w) { w.wpe()(5, 0) += 1; });
    const auto page = runs.study({"diff", "run", "unread", "--text", "em", "--width", "200"}).out;
    CHECK(page.find("weights: 14 of 15 tensors") != std::string::npos);
    CHECK(page.find("text: on 'em' every site that both have with the same shape is equal bit for bit\n")
          != std::string::npos);
    CHECK(page.find("A predicts") == std::string::npos);
    // The weights are the same, the config is not.
    runs.config.seed = 7;
    runs.save("seed", 30);
    const auto seed = runs.study({"diff", "run", "seed", "--width", "200"}).out;
    CHECK(seed.find("config: 1 key differs\n  seed: 42 in A, 7 in B\n") != std::string::npos);
    CHECK(seed.ends_with("weights: 15 of 15 tensors equal bit for bit\n"));
  }

  TEST_CASE("study diff: other shapes and vocabularies are said, not refused") {
    TwoRuns runs;
    runs.config.model.n_layer = 1;
    runs.config.model.block_size = 4;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U' ', U'a', U'e', U'm', U'o'});
    runs.config.model.vocab_size = 6;
    runs.save("small", 20);
    const auto page = runs.study({"diff", "run", "small", "--text", "ema", "--width", "200"});
    REQUIRE(page.exit_code == 0);
    for (const std::string part :
         {"config: 2 keys differ\n", "  model.n_layer: 2 in A, 1 in B\n",
          "  model.block_size: 6 in A, 4 in B\n",
          "vocabulary: 3 characters in both; only in A: n; only in B: ' ' o; tokens are compared by their "
          "characters\n",
          "weights: 0 of 15 tensors equal", "\nwpe             6 x 8 | 4 x 8 ", "shapes differ\n",
          "only in A\n", "\nlayer1.resid_pre                        only in A: 4 x 8\n",
          "of the sites that both have with the same shape", "over the characters in both and BOS"}) {
      CAPTURE(part);
      CHECK(page.out.find(part) != std::string::npos);
    }
    const Json json = runs.json({"diff", "small", "run", "--text", "ema"});
    CHECK(json["vocabulary"]["shared"].number() == 3);
    CHECK(json["vocabulary"]["only_a"].dump() == R"([" ","o"])");
    CHECK(json["vocabulary"]["only_b"].dump() == R"(["n"])");
    CHECK(json["tokens_a"].dump() == R"(["' '","a","e","m","o","BOS"])");
    CHECK(json["tensors"][1]["tensor"].text() == "wpe");
    CHECK(json["tensors"][1]["difference"].dump() == "null");
    CHECK(json["tensors"][14]["tensor"].text() == "layer1.mlp_fc2");
    CHECK(json["tensors"][14]["shape_a"].dump() == "null");
    CHECK(json["tensors"][14]["shape_b"].dump() == "[8,32]");
  }

  TEST_CASE("study diff: what is not there is refused in one line") {
    TwoRuns runs;
    runs.config.model.block_size = 3;
    runs.tokenizer = Tokenizer(std::vector<char32_t>{U'a', U'e', U'm', U'x'});
    runs.save("short", 1);
    const auto check = [&](std::vector<std::string> arguments, int code, const std::string& part) {
      arguments.insert(arguments.begin(), "diff");
      const auto result = runs.study(arguments);
      INFO(result.err);
      CHECK(result.exit_code == code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(part) != std::string::npos);
    };
    check({"run"}, 2, "MODEL_B is required");
    check({}, 2, "MODEL_A is required");
    check({"run", "nothing"}, 4, "no such model: nothing");
    check({"nothing", "run"}, 4, "no such model: nothing");
    check({"run", "names.txt"}, 4, "names.txt");
    check({"run", "other", "--text", "exa"}, 3, "model A: bad --text: the model has never seen 'x'");
    check({"run", "short", "--text", "en"}, 3, "model B: bad --text: the model has never seen 'n'");
    check({"run", "short", "--text", "emma"}, 2,
          "model B: bad --text: it has 4 characters, and the model reads at most 3 (its block_size)");
    check({"run", "other", "--width", "3"}, 2, "--width");
  }

  TEST_CASE("study diff: as it was at 80 and 120 columns, and with colours where they are wanted") {
    const TwoRuns runs;
    const std::vector<std::string> call = {"diff", "run/checkpoints/step-00000010.safetensors", "run",
                                           "--text", "emma"};
    runs.check_pages("study-diff", call);
  }
}
