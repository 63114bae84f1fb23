// Where the texts of sample begin and end: prompts from files, stop strings, and what stands between several.
#include <doctest/doctest.h>

#include <algorithm>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  struct LinesRun : SmallRun {
    LinesRun() { REQUIRE(run_microgpt(train({"--quiet"})).exit_code == 0); }
  };

  /// Verses with blank lines between them.
  struct VerseRun : SmallRun {
    explicit VerseRun(const std::string& mode, const std::string& verse = "ab\nba\n\nbb\naa\n\n") {
      std::string all;
      for (int i = 0; i < 20; ++i) all += verse;
      write_bytes(text, all);
      REQUIRE(run_microgpt(train({"--quiet", "--set", "data.mode=" + mode, "--set", "data.held_out=0",
                                  "--set", "sample.max_chars=30"}))
                  .exit_code
              == 0);
    }
  };

  /// What a shell prints in the folder of the run.
  std::string shell(const SmallRun& run, const std::string& command) {
    const auto result = Process({"/bin/sh", "-c", command},
                                {.folder = run.folder.path(), .environment = {{"M", MICROGPT_PROGRAM}}})
                            .finish();
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return result.out;
  }

  std::vector<std::string> split_at_null(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\0', begin);
      REQUIRE(end != std::string::npos);
      parts.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return parts;
  }

  }  // namespace

  TEST_CASE("sample: --stop ends a text before what it names, in every way of printing") {
    const VerseRun run("stream");
    const std::vector<std::string> wild = {"-n",     "12",     "--temperature", "3",
                                           "--stop", "\\n\\n", "--stop",        "bab"};
    const auto with = [&](const std::vector<std::string>& more) {
      auto arguments = run.sample(wild);
      arguments.insert(arguments.end(), more.begin(), more.end());
      const auto result = run_microgpt(arguments);
      CHECK_MESSAGE(result.exit_code == 0, result.err);
      return result.out;
    };
    const auto document = Json::parse(with({"--json"}));
    CHECK(document["stop"][0].text() == "\n\n");
    CHECK(document["stop"][1].text() == "bab");
    std::string expected;
    std::vector<std::string> texts;
    int stopped = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      const Json sample = document["samples"][i];
      const std::string text = sample["text"].text();
      texts.push_back(text);
      expected += text + "\n\n";
      CHECK(text.find("\n\n") == std::string::npos);
      CHECK(text.find("bab") == std::string::npos);
      CHECK(sample["probabilities"].size() == text.size());
      const bool by_stop = sample["stopped_by"].dump() != "null";
      CHECK(by_stop == (text.size() < 30));
      if (by_stop) {
        ++stopped;
        const std::string by = sample["stopped_by"].text();
        CHECK((by == "\n\n" || by == "bab"));
      }
    }
    CHECK(stopped > 3);
    CHECK(with({}) == expected);
    CHECK(with({"--stream"}) == expected);
    CHECK(split_at_null(with({"--null"})) == texts);
    CHECK(split_at_null(with({"--null", "--stream"})) == texts);
    // Up to its end, the first text is what it was without stop strings.
    const auto free = Json::parse(run_microgpt(run.sample({"-n", "1", "--temperature", "3", "--json"})).out);
    CHECK(free["samples"][0]["text"].text().starts_with(texts[0]));
    CHECK(free["samples"][0]["stopped_by"].dump() == "null");
  }

  TEST_CASE("sample: a stop string in the prompt does not count, and an empty one is refused") {
    const LinesRun run;
    const auto result = run_microgpt(run.sample({"-n", "8", "--prompt", "ag", "--stop", "ag"}));
    CHECK(result.exit_code == 0);
    CHECK(result.out == run_microgpt(run.sample({"-n", "8", "--prompt", "ag"})).out);
    const auto empty = run_microgpt(run.sample({"--stop", ""}));
    CHECK(empty.exit_code == 2);
    CHECK(refused_in_one_line(empty));
    CHECK(empty.err.find("--stop") != std::string::npos);
    // A newline cannot stand in a line: the model does not know it.
    CHECK(run_microgpt(run.sample({"--stop", "\\n"})).exit_code == 3);
  }

  TEST_CASE("sample: a text that was stopped is new only if it is no piece of a document") {
    const LinesRun run;
    const auto result =
        run_microgpt(run.sample({"-n", "60", "--json", "--report", "--stop", "e", "--stop", "a"}));
    REQUIRE(result.exit_code == 0);
    const auto document = Json::parse(result.out);
    const std::string all = read_bytes(run.text);
    double stopped = 0, blank = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      const Json sample = document["samples"][i];
      const std::string text = sample["text"].text();
      const bool by_stop = sample["stopped_by"].dump() != "null";
      stopped += by_stop ? 1 : 0;
      const bool is_blank = text.find_first_not_of(' ') == std::string::npos;
      blank += is_blank ? 1 : 0;
      if (is_blank) CHECK(sample["new"].dump() == "false");
      // (It may stand in the text and yet be new, if that was held out.)
      if (by_stop && !is_blank && all.find(text) == std::string::npos) CHECK(sample["new"].dump() == "true");
    }
    CHECK(stopped > 0);
    const PageJson report(document["report"]);
    CHECK(report.fact("stopped").number() == stopped);
    CHECK(report.cell("shares", 2, "count").number() == blank);
  }

  TEST_CASE("sample: --prompt-file is the same prompt, from a file or standard input") {
    const LinesRun run;
    const std::string prompt = "gr\xc3\xa8";
    const std::string expected = run_microgpt(run.sample({"-n", "5", "--prompt", prompt})).out;
    for (const std::string end : {"", "\n", "\r\n"}) {
      write_bytes(run.folder / "prompt.txt", prompt + end);
      CHECK(run_microgpt(run.sample({"-n", "5", "--prompt-file", (run.folder / "prompt.txt").string()})).out
            == expected);
    }
    CHECK(shell(run, "\"$M\" sample run -n 5 --prompt-file - < prompt.txt") == expected);
    // As it stands: nothing in a file is an escape, and only one newline is dropped.
    write_bytes(run.folder / "prompt.txt", "a\\n");
    const auto escape = run_microgpt(run.sample({"--prompt-file", (run.folder / "prompt.txt").string()}));
    CHECK(escape.exit_code == 3);
    CHECK(escape.err.find("line 1, column 2") != std::string::npos);
    write_bytes(run.folder / "prompt.txt", "a\n\n");
    const auto two = run_microgpt(run.sample({"--prompt-file", (run.folder / "prompt.txt").string()}));
    CHECK(two.exit_code == 3);
    CHECK(refused_in_one_line(two));
    // One that leaves nothing to write is refused under its own name; longer texts may be asked for.
    write_bytes(run.folder / "prompt.txt", "malachitemalachite\n");
    const std::string file = (run.folder / "prompt.txt").string();
    const auto full = run_microgpt(run.sample({"--prompt-file", file}));
    CHECK(full.exit_code == 2);
    CHECK(full.err.find("--prompt-file") != std::string::npos);
    CHECK(full.err.find("--max-chars") != std::string::npos);
    const auto longer = run_microgpt(run.sample({"-n", "3", "--prompt-file", file, "--max-chars", "40"}));
    CHECK(longer.exit_code == 0);
    CHECK(lines_of(longer.out).size() == 3);
    for (const std::string& line : lines_of(longer.out)) CHECK(line.starts_with("malachitemalachite"));
  }

  TEST_CASE("sample: of verses and streams the prompt keeps the newline at its end") {
    for (const std::string mode : {"stream", "paragraphs"}) {
      const VerseRun run(mode);
      write_bytes(run.folder / "prompt.txt", "ab\r\n");
      const std::string file = (run.folder / "prompt.txt").string();
      CHECK(run_microgpt(run.sample({"-n", "4", "--json", "--prompt-file", file})).out
            == run_microgpt(run.sample({"-n", "4", "--json", "--prompt", "ab\\n"})).out);
    }
  }

  TEST_CASE("sample: on a terminal a line stands between verses that none of them can hold") {
    const VerseRun run("stream", "--\n\n=\nab\n");
    const auto shown = run_microgpt(run.sample({"-n", "3", "--temperature", "2"}), {.terminal = true});
    CHECK(shown.exit_code == 0);
    std::vector<std::string> rules;
    for (const std::string& line : lines_of(shown.out)) {
      if (line.find('~') != std::string::npos) rules.push_back(line);  // neither - nor = is free
    }
    REQUIRE(rules.size() == 2);
    CHECK(rules[0].find("~ 2") != std::string::npos);
    CHECK(rules[1].find("~ 3") != std::string::npos);
    const auto one = run_microgpt(run.sample({"-n", "1"}), {.terminal = true});
    CHECK(one.out.find('~') == std::string::npos);
    const auto streamed =
        run_microgpt(run.sample({"-n", "3", "--temperature", "2", "--stream"}), {.terminal = true});
    CHECK(streamed.out == shown.out);
    // In a pipe there is none, nor between lines.
    CHECK(run_microgpt(run.sample({"-n", "3"})).out.find('~') == std::string::npos);
    const LinesRun lines;
    const auto names = run_microgpt(lines.sample({"-n", "3"}), {.terminal = true});
    CHECK(lines_of(names.out).size() == 3);
  }

  TEST_CASE("sample: --null is refused where a text may hold a NUL") {
    const VerseRun run("stream", std::string("a\0b\n", 4));
    const auto refused = run_microgpt(run.sample({"--null"}));
    CHECK(refused.exit_code == 2);
    CHECK(refused_in_one_line(refused));
    CHECK(refused.err.find("--json") != std::string::npos);
  }

  TEST_CASE("sample: blank texts are never new") {
    // Every other character is a space or a newline.
    const VerseRun run("stream", " \n \n \n  \n\n a\n");
    const auto document = Json::parse(
        run_microgpt(run.sample({"-n", "40", "--json", "--report", "--max-chars", "3", "--temperature", "3"}))
            .out);
    double blank = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      const Json sample = document["samples"][i];
      if (sample["text"].text().find('a') != std::string::npos) continue;
      ++blank;
      CHECK(sample["new"].dump() == "false");
    }
    CHECK(blank > 5);
    CHECK(PageJson(document["report"]).cell("shares", 2, "count").number() == blank);
    const auto novel = split_at_null(
        run_microgpt(run.sample({"-n", "5", "--novel", "--null", "--max-chars", "3", "--temperature", "9"}))
            .out);
    for (const std::string& text : novel) CHECK(text.find('a') != std::string::npos);
  }
}
