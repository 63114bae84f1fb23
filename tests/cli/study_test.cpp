// The views of `microgpt study` from the outside: that they run, agree with each other, and refuse in one
// line.
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "cli/small_run.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/width.hpp"
#include "support/json.hpp"

namespace {

using namespace microgpt::test;

/// A trained run, and its views.
struct StudiedRun : SmallRun {
  StudiedRun() { REQUIRE(run_microgpt(train({"--quiet"})).exit_code == 0); }

  [[nodiscard]] ProcessResult study(const std::string& view, std::vector<std::string> more) const {
    more.insert(more.begin(), {"study", view, "--model", out.string()});
    return run_microgpt(more);
  }
  [[nodiscard]] Json json(const std::string& view, std::vector<std::string> more) const {
    more.emplace_back("--json");
    const auto result = study(view, more);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    REQUIRE(lines_of(result.out).size() == 1);
    const Json document = Json::parse(result.out);
    CHECK(document["view"].text() == view);
    return document;
  }
};

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("study: the ledger's parts add up, and the lens ends where the model does") {
    const StudiedRun run;
    const Json ledger = run.json("ledger", {"--text", "agat", "--target", "e"});
    CHECK(ledger["tokens"].dump() == R"(["BOS","a","g","a","t"])");
    CHECK(ledger["position"].number() == 4);
    CHECK(ledger["target"].text() == "e");
    double sum = 0;
    for (std::size_t i = 0; i < ledger["parts"].size(); ++i) sum += ledger["parts"][i]["value"].number();
    CHECK(std::abs(sum - ledger["logit"].number()) < 1e-12);
    CHECK(std::abs(ledger["sum"].number() - sum) < 1e-12);
    // Two layers of two heads from five positions, and of 32 neurons.
    CHECK(ledger["parts"].size() == 2 + 2 * (2 * 5 + 32));

    // Logits differ by what the probabilities say.
    const Json other = run.json("ledger", {"--text", "agat", "--target", "e", "--contrast", "a"});
    const Json lens = run.json("lens", {"--text", "agat", "--position", "4"});
    const Json stages = lens["positions"][0]["stages"];
    CHECK(stages.size() == 5);
    const Json last = stages[4]["probs"];
    double total = 0;
    for (std::size_t t = 0; t < last.size(); ++t) total += last[t].number();
    CHECK(total == doctest::Approx(1));
    const Json rows = run.json("embeddings", {})["rows"];  // the tokens by number
    std::size_t a = 0;
    std::size_t e = 0;
    for (std::size_t t = 0; t < rows.size(); ++t) {
      if (rows[t]["row"].text() == "a") a = t;
      if (rows[t]["row"].text() == "e") e = t;
    }
    CHECK(std::log(last[e].number() / last[a].number()) == doctest::Approx(other["logit"].number()));
  }

  TEST_CASE("study: attention's rows add up to one, and are as long as what they see") {
    const StudiedRun run;
    const Json document = run.json("attention", {"--text", "agat", "--layer", "1", "--head", "0"});
    REQUIRE(document["heads"].size() == 1);
    const Json head = document["heads"][0];
    CHECK(head["address"].text() == "layer1.attn.pattern[head 0]");
    for (std::size_t i = 0; i < 5; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < 5; ++j) {
        sum += head["pattern"][i][j].number();
        if (j > i) CHECK(head["pattern"][i][j].number() == 0);
      }
      CHECK(sum == doctest::Approx(1));
      CHECK(head["scores"][i].size() == i + 1);
    }
  }

  TEST_CASE("study: ablating nothing that matters, patching with itself, gradients with a witness") {
    const StudiedRun run;
    const Json ablate = run.json("ablate", {"--limit", "20", "--all"});
    CHECK(ablate["rows"].size() == 1 + 2 * (2 + 2 + 32));
    const double loss = ablate["loss"].number();
    for (std::size_t i = 0; i < ablate["rows"].size(); ++i) {
      const Json row = ablate["rows"][i];
      CHECK(row["loss"].number() - loss == doctest::Approx(row["change"].number()).epsilon(1e-6));
    }
    const Json one =
        run.json("ablate", {"--limit", "20", "--at", "layer1.mlp.post[neuron 3]", "--at", "logits"});
    CHECK(one["rows"].size() == 2);

    const Json patch =
        run.json("patch", {"--clean", "agat", "--corrupt", "egat", "--target", "e", "--contrast", "a"});
    bool whole = false;
    for (std::size_t i = 0; i < patch["rows"].size(); ++i) {
      if (patch["rows"][i]["address"].text() != "embed[position 1]") continue;
      whole = true;
      CHECK(patch["rows"][i]["recovered"].number() == 1);
    }
    CHECK(whole);

    const Json gradients = run.json("gradients", {"--text", "agat"});
    CHECK(gradients["tensors"].size() == 15);
    for (std::size_t i = 0; i < gradients["tensors"].size(); ++i) {
      const Json tensor = gradients["tensors"][i];
      const double largest = tensor["largest"].number();
      CHECK_MESSAGE(std::abs(largest - tensor["by_differences"].number()) < 1e-7 + 1e-5 * std::abs(largest),
                    tensor["tensor"].text());
    }
  }

  TEST_CASE("study: heads, neurons, embeddings and circuits tell of every part") {
    const StudiedRun run;
    const Json heads = run.json("heads", {"--limit", "10"});
    CHECK(heads["documents"].number() == 10);
    CHECK(heads["heads"].size() == 4);
    CHECK(heads["heads"][3]["address"].text() == "layer1.attn.z[head 1]");
    const Json neurons = run.json("neurons", {"--limit", "10", "--layer", "1", "--top", "2"});
    CHECK(neurons["neurons"].size() == 32);
    const Json embeddings = run.json("embeddings", {"--positions"});
    CHECK(embeddings["rows"].size() == 8);
    CHECK(embeddings["rows"][0]["coordinates"].size() == 3);
    const Json circuits = run.json("circuits", {"--head", "1", "--query", "3", "--key", "1"});
    CHECK(circuits["values"].size() == circuits["tokens"].size());
    for (const char* view : {"heads", "neurons", "embeddings", "circuits"}) {
      const auto shown = run.study(view, {"--width", "80"});
      CHECK(shown.exit_code == 0);
      CHECK(shown.out.find("\x1b[") == std::string::npos);  // no colours in a pipe
    }
  }

  TEST_CASE("study: a trace is written in three formats, with the same names") {
    const StudiedRun run;
    const Json list = run.json("trace", {"--text", "agat", "--grad"});
    for (const std::string ending : {"json", "npz", "safetensors"}) {
      const auto file = (run.folder / ("trace." + ending)).string();
      REQUIRE(run.study("trace", {"--text", "agat", "--grad", "--out", file}).exit_code == 0);
      const std::string bytes = read_bytes(file);
      for (std::size_t i = 0; i < list["arrays"].size(); ++i) {
        CHECK_MESSAGE(bytes.find(list["arrays"][i]["name"].text()) != std::string::npos, ending);
      }
    }
    const Json numbers = Json::parse(read_bytes(run.folder / "trace.json"));
    CHECK(numbers["arrays"]["layer0.attn.q"].size() == 5);
    CHECK(numbers["arrays"]["layer0.attn.pattern"][1][2][2].number() > 0);
    const auto read = Process({"/usr/bin/env", "python3", repository_file("tests/study/read_npz.py").string(),
                               (run.folder / "trace.npz").string()})
                          .finish();
    CHECK(read.exit_code == 0);
    CHECK(lines_of(read.out).size() == list["arrays"].size());
  }

  TEST_CASE("study neurons and attention: on one text, as the trace has it") {
    const StudiedRun run;
    REQUIRE(run.study("trace", {"--text", "agat", "--out", (run.folder / "agat.json").string()}).exit_code
            == 0);
    const Json arrays = Json::parse(read_bytes(run.folder / "agat.json"))["arrays"];
    const Json neurons = run.json("neurons", {"--text", "agat", "--layer", "1"})["neurons"];
    CHECK(neurons.size() == 32);
    double before = 1e300;
    for (std::size_t i = 0; i < neurons.size(); ++i) {
      const std::string address = neurons[i]["address"].text();
      const auto n = std::stoul(address.substr(std::string("layer1.mlp.post[neuron ").size()));
      double largest = 0;
      for (std::size_t p = 0; p < 5; ++p) {
        const double value = neurons[i]["values"][p].number();
        CHECK_MESSAGE(value == arrays["layer1.mlp.post"][p][n].number(), address, " at ", p);
        largest = std::max(largest, value);
      }
      CHECK(largest <= before);
      before = largest;
    }
    const auto by_address = run.study("attention", {"--text", "agat", "--at", "layer1.attn.scores[head 1]"});
    CHECK(by_address.out
          == run.study("attention", {"--text", "agat", "--layer", "1", "--head", "1", "--scores"}).out);
    CHECK(by_address.out.starts_with("layer1.attn.scores[head 1]"));
    CHECK(run.study("attention", {"--text", "agat", "--at", "layer1.attn.z"})
              .err.find("attn.pattern or attn.scores")
          != std::string::npos);
  }

  TEST_CASE("study: what is not there is refused in one line that says what is") {
    const StudiedRun run;
    const auto check = [&](const std::string& view, const std::vector<std::string>& more, int code,
                           const std::string& part) {
      const auto result = run.study(view, more);
      INFO(view, ": ", result.err);
      CHECK(result.exit_code == code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(part) != std::string::npos);
    };
    check("ledger", {"--text", "agat", "--position", "5"}, 2, "the text has positions 0 to 4");
    check("ledger", {"--text", "agat", "--target", "ab"}, 2, "give one character, or BOS");
    check("ledger", {"--text", "agat", "--target", "7"}, 3, "bad --target: the model has never seen '7'");
    check("ledger", {"--text", "agat", "--target", "\xff"}, 2, "give one character, or BOS");
    // Every view of a text.
    for (const std::string view : {"attention", "lens", "residual", "ledger", "gradients", "trace"}) {
      std::vector<std::string> more;
      if (view == "trace") more = {"--list"};
      const auto with = [&](const std::string& text) {
        auto arguments = more;
        arguments.insert(arguments.end(), {"--text", text});
        return arguments;
      };
      check(view, with("agatagata"), 2,
            "it has 9 characters, and the model reads at most 8 (its block_size)");
      check(view, with("aga7"), 3, "bad --text: the model has never seen '7': its characters are  abcdefghi");
      check(view, with("aga\n"), 3, "has never seen '\\n'");
      check(view, with("aga\xc3"), 2, "not valid UTF-8");
    }
    for (const std::string view : {"lens", "residual", "ledger"}) {
      check(view, {"--text", "agat", "--position", "5"}, 2,
            "bad --position: 5: the text has positions 0 to 4");
      check(view, {"--text", "", "--position", "1"}, 2, "the text has only position 0");
    }
    check("neurons", {"--layer", "2"}, 2, "bad --layer: 2: the model has 0 to 1");
    check("attention", {"--text", "agat", "--layer", "2"}, 2, "bad --layer: 2: the model has 0 to 1");
    check("attention", {"--text", "agat", "--head", "9"}, 2, "bad --head: 9: the model has 0 to 1");
    check("ablate", {"--at", "layer0.attn.patern"}, 2, "no such site: there are embed");
    check("ablate", {"--at", "layer9.attn.z"}, 2, "there is no layer 9: the model has 0 to 1");
    check("ablate", {"--at", "layer0.attn.z[head 2]"}, 2, "there is no head 2: there are 0 to 1");
    check("ablate", {"--at", "layer0.mlp.post[neuron 32]"}, 2, "there is no neuron 32: there are 0 to 31");
    check("ablate", {"--at", "layer0.attn\n.z"}, 2, "no such site: there are embed");
    check("ablate", {"--at", "layer0.attn.z", "--at", "logits[token 99]"}, 2, "there is no token 99");
    check("ablate", {"--at", "layer0.attn.pattern", "--mean"}, 2, "leave --mean out");
    check("patch", {"--clean", "agat", "--corrupt", "aga", "--target", "a", "--contrast", "e"}, 2,
          "equally long");
    const std::vector<std::string> metric = {"--target", "a", "--contrast", "e"};
    const auto with = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), metric.begin(), metric.end());
      return arguments;
    };
    check("patch", with({"--clean", "ag7t", "--corrupt", "agat"}), 3,
          "bad --clean: the model has never seen '7'");
    check("patch", with({"--clean", "agat", "--corrupt", "agatagata"}), 2,
          "bad --corrupt: it has 9 characters");
    check("circuits", {"--head", "2"}, 2, "bad head: 2: there are 0 to 1");
    check("circuits", {"--head", "2", "--ov"}, 2, "bad head: 2: there are 0 to 1");
    check("circuits", {"--query", "8"}, 2, "bad position: 8: there are 0 to 7");
    check("circuits", {"--key", "8"}, 2, "bad position: 8: there are 0 to 7");
    check("circuits", {"--key", "8", "--ov"}, 2, "bad position: 8: there are 0 to 7");
    check("circuits", {"--ov", "--query", "1"}, 2, "--ov and --query do not go together");
    check("circuits", {"--query", "1", "--key", "3"}, 2, "cannot see");
    check("trace", {"--text", "agat"}, 2, "nothing to do");
    check("trace", {"--text", "agat", "--out", "x.txt"}, 2, "must end in .json, .npz or .safetensors");
    check("heads", {"--data", "no-such-file"}, 3, "no-such-file");
    const auto nowhere = run_microgpt({"study", "lens", "--model", "nothing/here", "--text", "agat"});
    CHECK(nowhere.exit_code == 4);
    CHECK(refused_in_one_line(nowhere));
    CHECK(nowhere.err.find("nothing/here") != std::string::npos);
  }

  TEST_CASE("study: a model without layers, or with a context of one position, has what it has") {
    const SmallRun none;
    REQUIRE(run_microgpt(none.train({"--quiet", "--set", "model.n_layer=0"})).exit_code == 0);
    const SmallRun one;
    REQUIRE(run_microgpt(one.train({"--quiet", "--set", "model.block_size=1", "--set", "model.n_head=1"}))
                .exit_code
            == 0);
    const std::vector<std::vector<std::string>> views = {{"attention", "--text", ""},
                                                         {"lens", "--text", ""},
                                                         {"residual", "--text", ""},
                                                         {"ledger", "--text", ""},
                                                         {"gradients", "--text", ""},
                                                         {"trace", "--list", "--text", ""},
                                                         {"heads"},
                                                         {"neurons"},
                                                         {"embeddings"},
                                                         {"embeddings", "--positions"},
                                                         {"circuits"},
                                                         {"circuits", "--ov"},
                                                         {"ablate", "--all"},
                                                         {"ablate", "--mean"}};
    for (const auto& view : views) {
      for (const SmallRun* run : {&none, &one}) {
        for (const std::string how : {"", "--json"}) {
          std::vector<std::string> arguments = {"study"};
          arguments.insert(arguments.end(), view.begin(), view.end());
          arguments.insert(arguments.end(), {"--model", run->out.string()});
          if (!how.empty()) arguments.push_back(how);
          const auto result = run_microgpt(arguments);
          INFO(view[0], run == &none ? " without layers " : " with one position ", how, ": ", result.err);
          const bool in_layer =
              view[0] == "attention" || view[0] == "heads" || view[0] == "neurons" || view[0] == "circuits";
          if (run == &none && in_layer) {
            CHECK(result.exit_code == 2);
            CHECK(refused_in_one_line(result));
            CHECK(result.err.find("the model has no layers") != std::string::npos);
            continue;
          }
          CHECK(result.exit_code == 0);
          CHECK(result.out.find("nan") == std::string::npos);
          CHECK(result.out.find("null") == std::string::npos);
        }
      }
    }
    const auto refused = run_microgpt({"study", "lens", "--model", one.out.string(), "--text", "ab"});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("it has 2 characters, and the model reads at most 1 (its block_size)")
          != std::string::npos);
    const auto head =
        run_microgpt({"study", "attention", "--model", one.out.string(), "--text", "", "--head", "1"});
    CHECK(head.err.find("bad --head: 1: the model has only 0") != std::string::npos);
  }

  TEST_CASE("study: long contexts of neurons are cut to the width, around the mark") {
    const SmallRun run;
    std::string text;
    for (int i = 0; i < 300; ++i) text += std::to_string(i * i) + (i % 3 == 0 ? " où " : " là-bas ");
    write_bytes(run.text, text);
    REQUIRE(run_microgpt(run.train({"--quiet", "--steps", "1", "--set", "data.mode=stream", "--set",
                                    "model.block_size=150"}))
                .exit_code
            == 0);
    for (const std::size_t width : {60U, 80U, 120U}) {
      const auto shown = run_microgpt({"study", "neurons", "--model", run.out.string(), "--limit", "20",
                                       "--width", std::to_string(width)});
      REQUIRE(shown.exit_code == 0);
      std::size_t marked = 0;
      std::size_t widest = 0;
      std::istringstream lines(shown.out);
      for (std::string line; std::getline(lines, line);) {
        REQUIRE(microgpt::find_invalid_utf8(line) == std::string::npos);
        widest = std::max(widest, microgpt::display_width(line));
        if (line.find("…") != std::string::npos && line.find('>') != std::string::npos) ++marked;
      }
      CAPTURE(shown.out);
      CHECK(widest <= width);
      CHECK(widest + 3 > width);  // and they use it
      CHECK(marked > 20);
    }
    // The JSON has all of them.
    const auto json = run_microgpt(
        {"study", "neurons", "--model", run.out.string(), "--limit", "20", "--width", "60", "--json"});
    CHECK(json.out.find("…") == std::string::npos);
    CHECK(Json::parse(json.out, 16)["neurons"][0]["top"][0]["text"].text().size() >= 150);
  }

  TEST_CASE("study: where the text of the run is gone, --data is named") {
    const SmallRun run;
    REQUIRE(run_microgpt(run.train({"--quiet", "--steps", "1"})).exit_code == 0);
    std::filesystem::rename(run.text, run.folder / "moved.txt");
    const auto gone = run_microgpt({"study", "ablate", "--model", run.out.string()});
    CHECK(gone.exit_code == 3);
    CHECK(refused_in_one_line(gone));
    CHECK(gone.err
          == "error: no such text: " + run.text.string()
                 + ": the model was trained on it: give it, or another, with --data FILE\n");
    const auto given = run_microgpt(
        {"study", "ablate", "--model", run.out.string(), "--data", (run.folder / "moved.txt").string()});
    CHECK(given.exit_code == 0);
    const auto other =
        run_microgpt({"study", "ablate", "--model", run.out.string(), "--data", "nothing.txt"});
    CHECK(other.exit_code == 3);
    CHECK(other.err.find("cannot read file: nothing.txt") != std::string::npos);
  }

  TEST_CASE("study: the text of a stream's model stands between two newlines") {
    const SmallRun run;
    REQUIRE(run_microgpt(run.train({"--quiet", "--set", "data.mode=\"stream\""})).exit_code == 0);
    const auto shown =
        run_microgpt({"study", "lens", "--model", run.out.string(), "--text", "opal", "--json"});
    const Json lens = Json::parse(shown.out, 16);
    CHECK(lens["tokens"].dump() == R"(["\\n","o","p","a","l"])");
    CHECK(lens["positions"].size() == 5);
    CHECK(lens["positions"][3]["next"].text() == "l");
    CHECK(lens["positions"][4]["next"].text() == "\\n");
  }
}
