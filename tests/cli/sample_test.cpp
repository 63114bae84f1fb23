#include <doctest/doctest.h>

#include <algorithm>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  struct TrainedRun : SmallRun {
    TrainedRun() { REQUIRE(run_microgpt(train({"--quiet"})).exit_code == 0); }
  };

  void flip_last_byte(const std::filesystem::path& path) {
    std::string bytes = read_bytes(path);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_bytes(path, bytes);
  }

  }  // namespace

  TEST_CASE("sample: the same seed gives the same lines and nothing else") {
    const TrainedRun trained;
    const auto first = run_microgpt(trained.sample({"-n", "30", "--seed", "5"}));
    CHECK(first.exit_code == 0);
    CHECK(first.err == "");
    CHECK(lines_of(first.out).size() == 30);
    CHECK(run_microgpt(trained.sample({"-n", "30", "--seed", "5"})).out == first.out);
    CHECK(run_microgpt(trained.sample({"-n", "30", "--seed", "6"})).out != first.out);
    CHECK(run_microgpt(trained.sample({"-n", "0"})).out == "");
    // fewer are the first of more
    CHECK(first.out.starts_with(run_microgpt(trained.sample({"-n", "7", "--seed", "5"})).out));
    // a file says the same as its folder
    CHECK(run_microgpt(
              {"sample", "--model", trained.checkpoint("00000024").string(), "-n", "30", "--seed", "5"})
              .out
          == first.out);
  }

  TEST_CASE("sample: a prompt begins every line") {
    const TrainedRun trained;
    const auto result = run_microgpt(trained.sample({"-n", "12", "--prompt", "gr\xc3\xa8"}));
    CHECK(result.exit_code == 0);
    const auto lines = lines_of(result.out);
    CHECK(lines.size() == 12);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(line.starts_with("gr\xc3\xa8"));
    }
  }

  TEST_CASE("sample: temperature 0 is the one most probable text") {
    const TrainedRun trained;
    const auto cold = run_microgpt(trained.sample({"-n", "3", "--temperature", "0"}));
    CHECK(cold.exit_code == 0);
    const auto lines = lines_of(cold.out);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == lines[1]);
    CHECK(lines[0] == lines[2]);
    CHECK(run_microgpt(trained.sample({"-n", "3", "--temperature", "1e-300"})).out == cold.out);
    const auto wild = run_microgpt(trained.sample({"-n", "50", "--temperature", "100"}));
    CHECK(wild.exit_code == 0);
    CHECK(lines_of(wild.out).size() == 50);
    const auto nan = run_microgpt(trained.sample({"--temperature", "nan"}));
    CHECK(nan.exit_code == 2);
    CHECK(refused_in_one_line(nan));
  }

  TEST_CASE("sample: no text is longer than --max-chars") {
    const TrainedRun trained;
    for (const int longest : {1, 3, 8, 40}) {
      const auto result = run_microgpt(
          trained.sample({"-n", "40", "--temperature", "20", "--max-chars", std::to_string(longest)}));
      CHECK(result.exit_code == 0);
      std::size_t most = 0;
      for (const std::string& line : lines_of(result.out)) {
        std::size_t characters = 0;
        for (const char c : line) characters += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 0U : 1U;
        most = std::max(most, characters);
      }
      CHECK(most <= static_cast<std::size_t>(longest));
      if (longest <= 8) CHECK(most == static_cast<std::size_t>(longest));
    }
  }

  TEST_CASE("sample: a prompt that cannot be is refused by name") {
    const TrainedRun trained;
    struct Case {
      std::string prompt;
      int exit_code;
      std::string named;
    };
    const Case cases[] = {
        {"Z", 3, "'Z'"},
        {"am\xe2\x82\xac", 3, "'\xe2\x82\xac'"},
        {"\xf0\x9f\x98\x80", 3, "\xf0\x9f\x98\x80"},
        {"\x1b", 3, "'\\x1b'"},
        {"\n", 3, "'\\n'"},
        {"\xff", 2, "UTF-8"},
        {"malachite", 2, "--max-chars"},
        {"malachit", 2, "--max-chars"},
    };
    for (const Case& each : cases) {
      const auto result = run_microgpt(trained.sample({"--prompt", each.prompt}));
      CAPTURE(result.err);
      CHECK(result.exit_code == each.exit_code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(each.named) != std::string::npos);
    }
  }

  TEST_CASE("sample: --json is one document with the same texts") {
    const TrainedRun trained;
    const auto plain = run_microgpt(trained.sample({"-n", "5", "--prompt", "o"}));
    const auto result = run_microgpt(
        trained.sample({"-n", "5", "--prompt", "o", "--json", "--seed", "42", "--temperature", "0.5"}));
    CHECK(result.exit_code == 0);
    CHECK(lines_of(result.out).size() == 1);
    const auto document = Json::parse(result.out);
    CHECK(document["seed"].number() == 42);
    CHECK(document["temperature"].number() == 0.5);
    CHECK(document["prompt"].text() == "o");
    const auto lines = lines_of(plain.out);
    REQUIRE(document["samples"].size() == 5);
    REQUIRE(lines.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(document["samples"][i]["text"].text() == lines[i]);
    CHECK(Json::parse(run_microgpt(trained.sample({"-n", "0", "--json"})).out)["samples"].size() == 0);
  }

  TEST_CASE("sample: what is no model is exit code 4") {
    const TrainedRun trained;
    std::filesystem::create_directory(trained.folder / "hollow");
    write_bytes(trained.folder / "empty.safetensors", "");
    std::string cut = read_bytes(trained.checkpoint("00000024"));
    cut.resize(cut.size() / 2);
    write_bytes(trained.folder / "cut.safetensors", cut);
    for (const std::string model : {"nope", "hollow", "empty.safetensors", "cut.safetensors", "stones.txt",
                                    "small.json", "/dev/null", "/dev/zero", ""}) {
      CAPTURE(model);
      const auto result = run_microgpt({"sample", "--model", model}, {.folder = trained.folder.path()});
      CAPTURE(result.err);
      CHECK(result.exit_code == 4);
      CHECK(refused_in_one_line(result));
    }
  }

  TEST_CASE("sample: a damaged newest checkpoint is passed over with a warning") {
    const TrainedRun trained;
    const auto older = run_microgpt({"sample", "--model", trained.checkpoint("00000020").string()});
    flip_last_byte(trained.checkpoint("00000024"));
    const auto result = run_microgpt(trained.sample());
    CHECK(result.exit_code == 0);
    CHECK(result.out == older.out);
    CAPTURE(result.err);
    CHECK(result.err.starts_with("warning: "));
    CHECK(result.err.find("step-00000024") != std::string::npos);
    CHECK(lines_of(result.err).size() == 1);

    flip_last_byte(trained.checkpoint("00000020"));
    flip_last_byte(trained.checkpoint("00000010"));
    flip_last_byte(trained.out / "checkpoints" / "best.safetensors");
    const auto none = run_microgpt(trained.sample());
    CHECK(none.exit_code == 4);
    CHECK(refused_in_one_line(none));
    CHECK(none.err.find("step-00000024") != std::string::npos);  // the newest one's failure
  }

  TEST_CASE("sample: paragraphs are parted by blank lines") {
    const SmallRun small;
    write_bytes(small.text, "ab\nba\n\nbb\naa\n\nab\nab\n");
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.mode=paragraphs", "--set", "data.held_out=0",
                                      "--set", "sample.max_chars=12"}))
                .exit_code
            == 0);
    const auto result = run_microgpt(small.sample({"-n", "6", "--json"}));
    std::string expected;
    const auto document = Json::parse(result.out);
    for (std::size_t i = 0; i < 6; ++i) expected += document["samples"][i]["text"].text() + "\n\n";
    CHECK(run_microgpt(small.sample({"-n", "6"})).out == expected);
    CHECK(lines_of(read_bytes(small.out / "samples.txt")).size() >= 8);
  }

  TEST_CASE("sample: the knobs change what is drawn, and each to its end is the most probable text") {
    const TrainedRun trained;
    const auto cold = run_microgpt(trained.sample({"-n", "20", "--temperature", "0"})).out;
    const auto plain = run_microgpt(trained.sample({"-n", "20", "--temperature", "2"})).out;
    CHECK(plain != cold);
    for (const std::vector<std::string>& knob :
         std::vector<std::vector<std::string>>{{"--top-k", "1"}, {"--top-p", "0"}, {"--min-p", "1"}}) {
      CAPTURE(knob[0]);
      auto arguments = trained.sample({"-n", "20", "--temperature", "2"});
      arguments.insert(arguments.end(), knob.begin(), knob.end());
      CHECK(run_microgpt(arguments).out == cold);
    }
    // Off is off.
    CHECK(run_microgpt(trained.sample({"-n", "20", "--temperature", "2", "--top-k", "0", "--top-p", "1",
                                       "--min-p", "0"}))
              .out
          == plain);
    for (const std::vector<std::string>& knob :
         std::vector<std::vector<std::string>>{{"--top-k", "-1"},
                                               {"--top-k", "1.5"},
                                               {"--top-p", "1.1"},
                                               {"--top-p", "nan"},
                                               {"--min-p", "-0.1"},
                                               {"--min-p", "x"},
                                               {"--temperature", "101"},
                                               {"--max-chars", "0"}}) {
      CAPTURE(knob[0] + knob[1]);
      const auto result = run_microgpt(trained.sample(knob));
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(knob[0]) != std::string::npos);
    }
  }

  TEST_CASE("sample: the run's own knobs hold unless others are given") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "sample.top_k=1", "--set", "sample.temperature=2"}))
                .exit_code
            == 0);
    const auto own = run_microgpt(small.sample({"-n", "5"})).out;
    CHECK(own == run_microgpt(small.sample({"-n", "5", "--temperature", "0"})).out);
    CHECK(own != run_microgpt(small.sample({"-n", "5", "--top-k", "0"})).out);
    CHECK(lines_of(read_bytes(small.out / "samples.txt"))
          == lines_of(run_microgpt(small.sample({"-n", "4"})).out));
  }

  TEST_CASE("sample: --stream writes the same bytes") {
    const TrainedRun trained;
    const auto plain = run_microgpt(trained.sample({"-n", "10", "--prompt", "gr\xc3\xa8"}));
    CHECK(run_microgpt(trained.sample({"-n", "10", "--prompt", "gr\xc3\xa8", "--stream"})).out == plain.out);
    CHECK(run_microgpt(trained.sample({"--stream", "--json"})).exit_code == 2);
    CHECK(run_microgpt(trained.sample({"--stream", "--novel"})).exit_code == 2);
  }

  TEST_CASE("sample: --json has a probability for every character, and the end's where it came") {
    const TrainedRun trained;
    const auto document = Json::parse(
        run_microgpt(trained.sample({"-n", "40", "--json", "--temperature", "1.5", "--prompt", "a"})).out);
    int ended = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      const Json sample = document["samples"][i];
      std::size_t characters = 0;
      for (const char c : sample["text"].text()) {
        characters += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 0U : 1U;
      }
      REQUIRE(sample["probabilities"].size() == characters);
      for (std::size_t k = 0; k < characters; ++k) {
        CHECK(sample["probabilities"][k].number() > 0);
        CHECK(sample["probabilities"][k].number() < 1);
      }
      // A text that is shorter than it may be has ended by itself.
      const bool has_end = sample["end"].dump() != "null";
      CHECK(has_end == (characters < 8));
      ended += has_end ? 1 : 0;
    }
    CHECK(ended > 0);
    CHECK(ended < 40);
  }

  TEST_CASE("sample: --report counts what is new, and --novel shows nothing else") {
    const TrainedRun trained;
    const std::string known = '\n' + read_bytes(trained.text);
    // The training part is what the report knows: eval counts it too.
    const PageJson training(
        run_microgpt({"eval", "--model", trained.out.string(), "--split", "train", "--json"}).out);
    const auto result = run_microgpt(
        trained.sample({"-n", "60", "--json", "--report", "--temperature", "0.7", "--prompt", "o"}));
    REQUIRE(result.exit_code == 0);
    const auto document = Json::parse(result.out);
    double fresh = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      const Json sample = document["samples"][i];
      const bool is_new = sample["new"].dump() == "true";
      fresh += is_new ? 1 : 0;
      CHECK((sample["distance"].number() == 0) == !is_new);
      if (!is_new) CHECK(sample["copied"].text() == sample["text"].text());
      CHECK(sample["text"].text().find(sample["copied"].text()) != std::string::npos);
      CHECK(known.find(sample["nearest"].text() + '\n') != std::string::npos);
    }
    const PageJson report(document["report"]);
    CHECK(report.fact("samples").number() == 60);
    CHECK(report.fact("training_documents").number() == training.fact("documents").number());
    CHECK(report.fact("new").number() == fresh);
    CHECK(report.cell("shares", 1, "count").number() == 60 - fresh);

    const auto words =
        run_microgpt(trained.sample({"-n", "60", "--report", "--temperature", "0.7", "--prompt", "o"}));
    CHECK(words.exit_code == 0);
    CHECK(words.out.find("\n\nnovelty\n") != std::string::npos);

    const auto novel = run_microgpt(trained.sample({"-n", "30", "--novel", "--temperature", "2"}));
    CHECK(novel.exit_code == 0);
    auto lines = lines_of(novel.out);
    CHECK(lines.size() == 30);
    for (const std::string& line : lines)
      CHECK_MESSAGE(known.find('\n' + line + '\n') == std::string::npos, line);
    std::sort(lines.begin(), lines.end());
    CHECK_MESSAGE(std::unique(lines.begin(), lines.end()) == lines.end(), novel.out);
  }

  TEST_CASE("sample: the report is written as SVG and CSV, beside the texts or their JSON") {
    const TrainedRun trained;
    const auto path = [&](const char* name) { return (trained.folder / name).string(); };
    const auto texts = run_microgpt(trained.sample({"-n", "5"}));
    const auto files = run_microgpt(trained.sample(
        {"-n", "5", "--report", "--svg", path("r.svg"), "--csv", path("r.csv"), "--section", "shares"}));
    CHECK(files.exit_code == 0);
    CHECK(files.out == texts.out);
    const std::string svg = read_bytes(path("r.svg"));
    CHECK(svg.find("in the training text") != std::string::npos);
    CHECK(svg.find("class=\"warm\"") != std::string::npos);
    CHECK(read_bytes(path("r.csv")).starts_with("kind,count,share,low,high\r\nnew,"));

    const auto document =
        run_microgpt(trained.sample({"-n", "5", "--report", "--json", "--svg", path("j.svg")}));
    REQUIRE(document.exit_code == 0);
    CHECK(PageJson(Json::parse(document.out)["report"]).fact("samples").number() == 5);
    CHECK(read_bytes(path("j.svg")) == svg);

    const auto alone = run_microgpt(trained.sample({"--svg", path("x.svg")}));
    CHECK(alone.exit_code == 2);
    CHECK(alone.err.find("--svg") != std::string::npos);
    CHECK(alone.err.find("--report") != std::string::npos);
    const auto mixed = run_microgpt(trained.sample({"--report", "--svg", "-"}));
    CHECK(mixed.exit_code == 2);
    CHECK(mixed.out.empty());
  }

  TEST_CASE("sample: --novel shows a new text once, and says when it has no other") {
    const SmallRun small;
    // Of a model that has learnt nothing the most probable text is one and the same.
    REQUIRE(run_microgpt(small.train({"--quiet", "--steps", "1"})).exit_code == 0);
    const std::string text = run_microgpt(small.sample({"-n", "1", "--temperature", "0"})).out;
    REQUIRE(('\n' + read_bytes(small.text)).find('\n' + text) == std::string::npos);
    const auto result = run_microgpt(small.sample({"-n", "3", "--temperature", "0", "--novel"}));
    CHECK(result.exit_code == 0);
    CHECK(result.out == text);
    CHECK(result.err.starts_with(
        "warning: --novel found only 1 of the 3 texts asked for: the last 1,000 texts in a row "));
  }

  TEST_CASE("sample: --novel gives up with a word where nothing new comes") {
    const SmallRun small;
    // A text of one document: the most probable text is soon that one.
    write_bytes(small.text, "ab\nab\nab\nab\n");
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.held_out=0", "--set", "train.steps=200"}))
                .exit_code
            == 0);
    REQUIRE(run_microgpt(small.sample({"-n", "1", "--temperature", "0"})).out == "ab\n");
    const auto result = run_microgpt(small.sample({"-n", "3", "--temperature", "0", "--novel"}));
    CHECK(result.exit_code == 0);
    CHECK(result.out == "");
    CHECK(result.err.starts_with("warning: "));
    CHECK(result.err.find("0 of the 3") != std::string::npos);
    CHECK(lines_of(result.err).size() == 1);
    const auto report = run_microgpt(small.sample({"-n", "3", "--temperature", "0", "--report"}));
    CHECK(report.exit_code == 0);

    write_bytes(small.text, "ba\n");
    const auto changed = run_microgpt(small.sample({"--report"}));
    CHECK(changed.exit_code == 3);
    CHECK(refused_in_one_line(changed));
    CHECK(changed.err.find("SHA-256") != std::string::npos);
    CHECK(run_microgpt(small.sample({"--data", small.text.string()})).exit_code == 2);  // for what?
  }
}
