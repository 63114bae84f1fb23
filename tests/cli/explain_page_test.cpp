// The pages of microgpt explain: their form, their width, and what is refused.
#include <doctest/doctest.h>

#include "cli/explained_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/pages.hpp"

namespace {

using namespace microgpt::test;

/// What is left when colours are taken out, and the line ends of a terminal.
std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else if (text[i] != '\r') {
      plain += text[i];
    }
  }
  return plain;
}

/// Without the lines that show rounding errors, which compilers and processors have their own of.
std::string without_rounding_errors(const std::string& page) {
  std::string kept;
  for (const std::string& line : lines_of(page)) {
    const bool errors = line.find("sums to 1") != std::string::npos
                        || line.find("agree to") != std::string::npos
                        || line.find("1.00e-04") != std::string::npos  // of a finite difference
                        || line.find("shift changes nothing") != std::string::npos;
    if (!errors) kept += line + '\n';
  }
  return kept;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("explain: every topic has the same JSON, with and without a model") {
    const ExplainedRun run;
    for (const std::string& topic : kTopics) {
      for (const bool with_model : {false, true}) {
        CAPTURE(topic);
        const Json page = with_model ? run.page({topic}) : explain_json({topic, "--text", "emma"});
        CHECK(page["topic"].text() == topic);
        for (const std::string key : {"about", "lines", "model", "text", "position", "layer", "head"})
          CHECK(page.has(key));
        CHECK(page["lines"]["first"].number() >= 1);
        CHECK(page["text"].text() == (with_model ? "opal" : "emma"));
        REQUIRE(page["steps"].size() > 0);
        for (std::size_t i = 0; i < page["steps"].size(); ++i) {
          const Json step = page["steps"][i];
          for (const std::string key :
               {"name", "says", "address", "lines", "formula", "numbers", "result", "table"})
            CHECK(step.has(key));
          if (step["table"].dump() == "null") continue;
          for (std::size_t r = 0; r < step["table"]["rows"].size(); ++r)
            CHECK(step["table"]["rows"][r].size() == step["table"]["columns"].size());
        }
      }
    }
  }

  TEST_CASE("explain: no line is wider than the screen, and --width goes before COLUMNS") {
    const ExplainedRun run;
    for (const std::string& topic : kTopics) {
      for (const std::size_t width : {60U, 80U, 120U}) {
        const auto result =
            explain({topic, "--model", run.out.string(), "--text", "opal", "--width", std::to_string(width)},
                    {.environment = {{"COLUMNS", "50"}}});
        REQUIRE(result.exit_code == 0);
        for (const std::string& line : lines_of(result.out)) {
          CAPTURE(line);
          // What a model file is called has no spaces to break at.
          CHECK((microgpt::count_code_points(line) <= width
                 || line.find(run.out.string()) != std::string::npos));
          CHECK(!line.ends_with(' '));
        }
      }
    }
    CHECK(explain({"softmax"}, {.environment = {{"COLUMNS", "120"}}}).out
          == explain({"softmax", "--width", "120"}).out);
    CHECK(explain({"softmax"}, {.environment = {{"COLUMNS", ""}}}).out
          == explain({"softmax", "--width", "80"}).out);
  }

  TEST_CASE("explain: as it was at 80 and 120 columns") {
    for (const std::string& topic : kTopics) {
      for (const std::string width : {"80", "120"}) {
        check_page("explain-" + topic + "-" + width,
                   without_rounding_errors(explain({topic, "--width", width}).out));
      }
    }
  }

  TEST_CASE("explain: docs/explain.md shows what the program says, and lists every topic") {
    const std::string page = microgpt::read_file(repository_file("docs/explain.md"), microgpt::Fault::io);
    const std::string said = explain({"softmax", "2.0", "1.0", "0.1", "--width", "100"}).out;
    const std::string example = said.substr(0, said.find("\n\n3. "));
    REQUIRE(!example.empty());
    INFO("expected:\n", example);
    CHECK(page.find("```text\n" + example + "\n```") != std::string::npos);
    for (const std::string& topic : kTopics) {
      CAPTURE(topic);
      CHECK(page.find("| `" + topic + "` |") != std::string::npos);
    }
  }

  TEST_CASE("explain: colours only on a terminal that wants them, and the same words") {
    const ProcessOptions colours{.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}, {"COLUMNS", "80"}},
                                 .terminal = true};
    const ProcessOptions none{.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"COLUMNS", "80"}},
                              .terminal = true};
    const std::string piped = explain({"attention", "--width", "80"}).out;
    CHECK(piped.find('\x1b') == std::string::npos);
    const std::string shown = explain({"attention"}, colours).out;
    CHECK(shown.find("\x1b[38;5;16;48;5;") != std::string::npos);
    CHECK(without_escapes(shown) == piped);
    const std::string plain = explain({"attention"}, none).out;
    CHECK(plain.find('\x1b') == std::string::npos);
    CHECK(without_escapes(plain) == piped);
  }

  TEST_CASE("explain: what is not there is refused in one line that lists what is") {
    const ExplainedRun run;
    const auto refused = [](const std::vector<std::string>& arguments, int code, const std::string& part) {
      const auto result = explain(arguments);
      CAPTURE(arguments.back());
      CAPTURE(result.err);
      CHECK(result.exit_code == code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(part) != std::string::npos);
    };
    const auto of_model = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin() + 1, {"--model", run.out.string(), "--text", "opal"});
      return arguments;
    };
    refused({"softmacks"}, 2, "did you mean 'softmax'?");
    refused({"weather"}, 2, "tokens, embedding, rmsnorm");
    refused({"softmax", "1", "x"}, 2, "'x'");
    refused({"softmax", "1", "nan"}, 2, "'nan'");
    refused({"softmax", "1e39", "--dtype", "float32"}, 2, "beyond float32");
    refused({"softmax", "1e300", "--temperature", "1e-300"}, 2, "beyond float64");
    refused({"softmax", "1", "--temperature", "0"}, 2, "above 0");
    refused({"softmax", "1", "--temperature", "nan"}, 2, "temperature");
    refused({"softmax", "1", "--dtype", "float16"}, 2, "float64");
    refused({"loss", "1"}, 2, "topic softmax");
    refused({"loss", "--weight", "wte[0,0]"}, 2, "backprop and adam");
    refused({"softmax", "1", "2", "--position", "3"}, 2, "not both");
    refused({"tokens", "--head", "1"}, 2, "not for the topic tokens");
    refused({"loss", "--layer", "0"}, 2, "not for the topic loss");
    refused({"adam", "--position", "0"}, 2, "not for the topic adam");
    refused({"loss", "--model", run.out.string()}, 2, "--text");
    refused({"loss", "--text", "emil"}, 3, "its characters are aem");
    refused({"loss", "--text", "emmaemmae"}, 2, "at most 8");
    refused({"loss", "--text", "\xff"}, 2, "UTF-8");
    refused(of_model({"attention", "--layer", "2"}), 2, "0 to 1");
    refused(of_model({"attention", "--head", "2"}), 2, "0 to 1");
    refused(of_model({"attention", "--position", "5"}), 2, "0 to 4");
    refused(of_model({"attention", "--position", "-1"}), 2, "0 to 4");
    refused(of_model({"softmax", "--at", "layer0.attn.score"}), 2, "layer0.attn.scores");
    refused(of_model({"softmax", "--at", "layer0.attn.q"}), 2, "logits");
    refused(of_model({"rmsnorm", "--at", "layer0.attn.q"}), 2, "embed.norm");
    refused(of_model({"linear", "--at", "layer0.resid_mid"}), 2, "mlp.pre");
    refused(of_model({"attention", "--at", "logits[position 2]"}), 2,
            "the topic attention shows layer0.attn.q");
    refused(of_model({"tokens", "--at", "embed"}), 2, "shows no site");
    refused(of_model({"backprop", "--weight", "layer2.attn_wq[0,0]"}), 2, "layer1.attn_wq");
    refused(of_model({"backprop", "--weight", "layer1.attn_wq[8,0]"}), 2, "rows 0 to 7");
    refused(of_model({"backprop", "--weight", "layer1.attn_wq"}), 2, "8 x 8");
    refused({"loss", "--model", "nothing/here", "--text", "a"}, 4, "nothing/here");
  }
}
