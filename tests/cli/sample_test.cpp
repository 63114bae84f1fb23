#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/json.hpp"

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

TEST_SUITE("cli") {
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

  TEST_CASE("sample: no text is longer than --max-length") {
    const TrainedRun trained;
    for (const int longest : {1, 3, 8, 40}) {
      const auto result = run_microgpt(
          trained.sample({"-n", "40", "--temperature", "20", "--max-length", std::to_string(longest)}));
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
        {"Z", 3, "'Z' (U+005A)"},
        {"am\xe2\x82\xac", 3, "'\xe2\x82\xac' (U+20AC)"},
        {"\xf0\x9f\x98\x80", 3, "(U+1F600)"},
        {"\x1b", 3, "'\\x1b' (U+001B)"},
        {"\n", 3, "'\\n' (U+000A)"},
        {"\xff", 2, "UTF-8"},
        {"malachite", 2, "--max-length"},
        {"malachit", 2, "--max-length"},
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
    for (std::size_t i = 0; i < 5; ++i) CHECK(document["samples"][i].text() == lines[i]);
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
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.documents=paragraphs", "--set",
                                      "data.held_out=0", "--set", "sample.max_length=12"}))
                .exit_code
            == 0);
    const auto result = run_microgpt(small.sample({"-n", "6", "--json"}));
    std::string expected;
    const auto document = Json::parse(result.out);
    for (std::size_t i = 0; i < 6; ++i) expected += document["samples"][i].text() + "\n\n";
    CHECK(run_microgpt(small.sample({"-n", "6"})).out == expected);
    CHECK(lines_of(read_bytes(small.out / "samples.txt")).size() >= 8);
  }
}
