#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"
#include "support/sanitizers.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  std::set<std::string> files_under(const std::filesystem::path& folder) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.insert(entry.path().lexically_relative(folder).string());
    }
    return files;
  }

  /// Trains with one of configs/ on names.txt and compares with the figures of microgpt.py.
  void check_against_golden(const std::string& config, const std::string& golden_file) {
    const auto names = well_known_text("names.txt");
    if (!names) {
      MESSAGE("left out: names.txt is not there; scripts/get-data.sh fetches it");
      return;
    }
    const Json golden = Json::parse(read_bytes(repository_file("tests/golden/" + golden_file)));
    const TempFolder folder;
    const auto out = folder / "run";
    const auto result = run_microgpt({"train", "--config", repository_file("configs/" + config).string(),
                                      "--data", names->string(), "--out", out.string(), "--quiet"});
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);

    std::string samples;
    for (std::size_t i = 0; i < golden["samples"].size(); ++i) {
      samples += golden["samples"][i].text() + '\n';
    }
    CHECK(read_bytes(out / "samples.txt") == samples);

    const auto lines = lines_of(read_bytes(out / "metrics.jsonl"));
    REQUIRE(lines.size() == golden["losses"].size());
    double worst = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json line = Json::parse(lines[i]);
      const double expected = golden["losses"][i].number();
      REQUIRE(line["step"].number() == static_cast<double>(i + 1));
      worst = std::max(worst, std::abs(line["loss"].number() - expected) / expected);
    }
    CHECK(worst < 1e-9);
  }

  }  // namespace

  TEST_CASE("train: configs/microgpt.json gives the losses and names of microgpt.py") {
    check_against_golden("microgpt.json", "latest.json");
  }

  TEST_CASE("train: configs/course.json gives the losses and names of the course") {
    check_against_golden("course.json", "course.json");
  }

  TEST_CASE("train: the run folder holds what it should") {
    const SmallRun small;
    const auto result = run_microgpt(small.train());
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(result.err == "");
    CHECK(files_under(small.out)
          == std::set<std::string>{"config.json", "metrics.jsonl", "samples.txt",
                                   "checkpoints/best.safetensors", "checkpoints/step-00000010.safetensors",
                                   "checkpoints/step-00000020.safetensors",
                                   "checkpoints/step-00000024.safetensors"});
    // What was written to the file was shown too.
    const std::string samples = read_bytes(small.out / "samples.txt");
    CHECK(lines_of(samples).size() == 4);
    CHECK(result.out.find("samples\n" + samples) != std::string::npos);
  }

  TEST_CASE("train: every line of metrics.jsonl is JSON with every digit") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    int steps = 0;
    std::vector<int> evaluated;
    std::size_t most_digits = 0;
    const auto lines = lines_of(read_bytes(small.out / "metrics.jsonl"));
    for (const std::string& line : lines) {
      CAPTURE(line);
      const Json entry = Json::parse(line);
      if (entry.has("held_out_loss")) {
        CHECK(entry["step"].number() == steps);  // after the step it was measured at
        CHECK(entry["held_out_loss"].number() > 0);
        evaluated.push_back(static_cast<int>(entry["step"].number()));
        continue;
      }
      CHECK(entry["step"].number() == ++steps);
      CHECK(entry["characters"].number() > 0);
      CHECK(entry["grad_norm"].number() > 0);
      CHECK(entry["learning_rate"].number() == 0.01 * (1 - (steps - 1) / 24.0));
      const auto loss = line.find("\"loss\":") + 7;
      most_digits = std::max(most_digits, line.find(',', loss) - loss);
    }
    CHECK(steps == 24);
    CHECK(evaluated == std::vector<int>{10, 20, 24});
    CHECK(most_digits >= 16);
  }

  TEST_CASE("train: config.json is the whole config and trains to the same bytes again") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--seed", "9", "--set", "train.beta1=0.5"})).exit_code == 0);
    const Json effective = Json::parse(read_bytes(small.out / "config.json"));
    CHECK(effective["seed"].number() == 9);
    CHECK(effective["train"]["beta1"].number() == 0.5);
    CHECK(effective["train"]["epsilon"].number() == 1e-8);  // a default
    CHECK(effective["data"]["path"].text() == small.text.string());

    const auto again = small.folder / "again";
    REQUIRE(run_microgpt({"train", "--config", (small.out / "config.json").string(), "--out", again.string(),
                          "--quiet"})
                .exit_code
            == 0);
    for (const std::string& file : files_under(small.out)) {
      CAPTURE(file);
      CHECK(read_bytes(small.out / file) == read_bytes(again / file));
    }
  }

  TEST_CASE(
      "train: with threads that the system does not start, training and evaluation work with the others") {
#if defined(MICROGPT_SANITIZED) || defined(__APPLE__)
    MESSAGE("left out: memory cannot be limited here");
    return;
#endif
    const SmallRun small;
    // The stacks of 1,024 threads take more address space than there is.
    const ProcessOptions limited = {.memory = 200'000'000};
    const auto trained = run_microgpt(small.train({"--threads", "1024"}), limited);
    CHECK_MESSAGE(trained.exit_code == 0, trained.err);
    CHECK_MESSAGE(trained.err.starts_with("warning: the system does not start 1,024 threads: "), trained.err);
    const auto judged = run_microgpt(
        {"eval", "--model", small.out.string(), "--data", small.text.string(), "--threads", "1024", "--json"},
        limited);
    CHECK_MESSAGE(judged.exit_code == 0, judged.err);
    CHECK(judged.err.starts_with("warning: the system does not start 1,024 threads: "));
    CHECK(PageJson(judged.out).fact("nats").number() > 0);
  }

  TEST_CASE("train: the number of threads changes no byte") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--threads", "1"})).exit_code == 0);
    for (const std::string threads : {"2", "3"}) {
      CAPTURE(threads);
      auto arguments = small.train({"--quiet", "--threads", threads});
      const std::filesystem::path out = arguments[4] = small.out.string() + threads;
      REQUIRE(run_microgpt(arguments).exit_code == 0);
      for (const std::string& file : files_under(small.out)) {
        CAPTURE(file);
        CHECK(read_bytes(small.out / file) == read_bytes(out / file));
      }
    }
  }

  TEST_CASE("train: another seed gives other weights") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    auto arguments = small.train({"--quiet", "--seed", "43"});
    const std::filesystem::path out = arguments[4] = small.out.string() + "-43";
    REQUIRE(run_microgpt(arguments).exit_code == 0);
    CHECK(read_bytes(small.out / "metrics.jsonl") != read_bytes(out / "metrics.jsonl"));
  }

  TEST_CASE("train: default run folders number up and none is written over") {
    const SmallRun small;
    const std::vector<std::string> arguments = {"train", "--config", small.config.string(), "--quiet"};
    const ProcessOptions here = {.folder = small.folder.path()};
    std::filesystem::create_directory(small.folder / "runs");
    write_bytes(small.folder / "runs" / "small-2", "a file in the way");
    for (const std::string number : {"1", "3", "4"}) {
      CAPTURE(number);
      const auto result = run_microgpt(arguments, here);
      CAPTURE(result.err);
      CHECK(result.exit_code == 0);
      CHECK(std::filesystem::exists(small.folder / "runs" / ("small-" + number) / "samples.txt"));
    }
    CHECK(names_in(small.folder / "runs").size() == 4);
    CHECK(read_bytes(small.folder / "runs" / "small-2") == "a file in the way");
  }

  TEST_CASE("train: what is no number ends the run and is never written") {
    const SmallRun small;
    // A decay that makes every weight a hundred times larger and turns its sign, step by step.
    const auto result = run_microgpt(
        small.train({"--quiet", "--set", "train.learning_rate=10", "--set", "train.weight_decay=10", "--set",
                     "train.schedule=constant", "--set", "train.eval_every=1", "--set",
                     "train.checkpoint_every=1", "--set", "train.grad_clip=0", "--set", "train.steps=40"}));
    CAPTURE(result.err);
    CHECK(result.exit_code == 6);
    CHECK(refused_in_one_line(result));
    CHECK(result.err.starts_with("error: training broke down: step "));
    for (const std::string& line : lines_of(read_bytes(small.out / "metrics.jsonl"))) {
      const Json entry = Json::parse(line);
      CHECK(entry[entry.has("loss") ? "loss" : "held_out_loss"].number() < 1e308);
    }
    CHECK(!std::filesystem::exists(small.out / "samples.txt"));
    CHECK(run_microgpt({"info", small.out.string()}).exit_code == 0);
  }

  TEST_CASE("train: a learning rate of 1e10 ends with exit code 6, the tensor, the step and the documents") {
    const SmallRun small;
    const auto result = run_microgpt(small.train({"--quiet", "--set", "train.learning_rate=1e10"}));
    CAPTURE(result.err);
    CHECK(result.exit_code == 6);
    CHECK(refused_in_one_line(result));
    CHECK(result.err.starts_with("error: training broke down: step "));
    CHECK(result.err.find(" holds ") != std::string::npos);
    CHECK(result.err.find(": documents \"") != std::string::npos);
    CHECK(result.err.find(": lower train.learning_rate") != std::string::npos);  // clipping is on
    // The checkpoint of the last good state is whole, and nothing half done lies beside it.
    CHECK(names_in(small.out / "checkpoints") == std::vector<std::string>{"step-00000000.safetensors"});
    CHECK(run_microgpt(small.sample({"-n", "1"})).exit_code == 0);
    CHECK(!std::filesystem::exists(small.out / "samples.txt"));
  }

  TEST_CASE("train: --quiet says nothing and --json says one document") {
    const SmallRun small;
    auto arguments = small.train({"--quiet"});
    const auto quiet = run_microgpt(arguments);
    CHECK(quiet.exit_code == 0);
    CHECK(quiet.out == "");
    CHECK(quiet.err == "");

    arguments = small.train({"--json"});
    arguments[4] += "-j\xff";  // a file name may be any bytes, JSON is UTF-8
    const auto result = run_microgpt(arguments);
    CHECK(result.exit_code == 0);
    CHECK(result.err == "");
    CHECK(lines_of(result.out).size() == 1);
    const Json document = Json::parse(result.out);
    CHECK(document["steps"].number() == 24);
    CHECK(document["samples"].size() == 4);
    CHECK(document["held_out_loss"].number() > 0);
    CHECK(document["mean_loss"].number() > 0);
    CHECK(document["new_samples"].number() <= 4);
    // 28 tokens: 27 characters and BOS
    CHECK(document["parameters"].number() == 2 * 28 * 8 + 8 * 8 + 2 * 12 * 8 * 8);
  }

  TEST_CASE("train: notices of the text and cut documents are told once") {
    const SmallRun small;
    write_bytes(small.text, "\xef\xbb\xbfslate\r\nopal\r\nmuch longer than the context\nred\x01\n");
    const auto result = run_microgpt(small.train({"--set", "data.held_out=0"}));
    CAPTURE(result.out);
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("a byte order mark at the start was dropped\n") != std::string::npos);
    CHECK(result.out.find("2 line ends") != std::string::npos);
    CHECK(result.out.find("1 control character is kept as a character\n") != std::string::npos);
    CHECK(result.out.find(
              "stones.txt: 4 lines (4 distinct), 41 characters, 19 tokens; longest 28, 1 cut to fit "
              "block_size, 0 held out\n")
          != std::string::npos);
  }

  TEST_CASE("train: one line says what is in the data, in words and as JSON") {
    const SmallRun small;
    write_bytes(small.text, "opal\nruby\n\nopal\nruby\n\njade\n");
    const auto check = [&](const std::string& mode, const std::string& summary) {
      std::filesystem::remove_all(small.out);
      const auto result = run_microgpt(small.train(
          {"--set", "data.mode=" + mode, "--set", "data.held_out=0", "--set", "data.long_documents=split"}));
      CAPTURE(result.out);
      CAPTURE(result.err);
      CHECK(result.exit_code == 0);
      CHECK(result.out.find("stones.txt: " + summary + "\n") != std::string::npos);
    };
    check("lines",
          "5 lines (3 distinct), 20 characters, 12 tokens; longest 4, 0 split to fit block_size, 0 held out");
    check("paragraphs",
          "3 paragraphs (2 distinct), 22 characters, 13 tokens; longest 9, 2 split to fit block_size, 0 held "
          "out");
    check("stream", "one stream of 27 characters, 13 tokens; windows of 9, 0 characters held out");

    std::filesystem::remove_all(small.out);
    const auto result = run_microgpt(small.train({"--json", "--set", "data.held_out=0"}));
    REQUIRE(result.exit_code == 0);
    const Json document = Json::parse(result.out);
    const Json data = document["data"];
    CHECK(data["documents"].number() == 5);
    CHECK(data["distinct_documents"].number() == 3);
    CHECK(data["characters"].number() == 20);
    CHECK(data["vocabulary"].number() == 12);
    CHECK(data["longest_document"].number() == 4);
    CHECK(data["too_long_documents"].number() == 0);
    CHECK(data["held_out"].number() == 0);
  }

  TEST_CASE("train: a stream goes on to the same bytes from a checkpoint") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.mode=stream"})).exit_code == 0);
    const auto again = small.folder / "again";
    const auto result = run_microgpt({"train", "--resume", small.checkpoint("00000010").string(), "--out",
                                      again.string(), "--quiet", "--threads", "1"});
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    const std::string last = "checkpoints/step-00000024.safetensors";
    CHECK(read_bytes(small.out / last) == read_bytes(again / last));
    // Every window is of block_size + 1 characters: 20 windows of 8 predictions a step.
    for (const std::string& line : lines_of(read_bytes(small.out / "metrics.jsonl"))) {
      const Json entry = Json::parse(line);
      if (!entry.has("held_out_loss")) CHECK(entry["characters"].number() == 160);
    }
  }

  TEST_CASE("train: a bad config or text is one line, exits with 3, 2 by --set, and leaves no folder") {
    const SmallRun small;
    write_bytes(small.folder / "latin.txt", "gr\xe8s\n");
    write_bytes(small.folder / "empty.txt", " \n\n");
    write_bytes(small.folder / "utf16.txt", std::string_view("\xff\xfeo\0p\0", 6));
    write_bytes(small.folder / "short.txt", "opal\n");
    write_bytes(small.folder / "odd\xff.txt", "opal\n");
    write_bytes(small.folder / "bad.json", "{\"train\": {\"steps\": 1,}}");
    write_bytes(small.folder / "dotted.json", "{\"train.steps\": 7}");
    struct Case {
      std::vector<std::string> more;
      std::string named;
    };
    const Case cases[] = {
        {{"--config", "nope.json"}, "No such file"},
        {{"--config", "bad.json"}, "line 1, column 23"},
        {{"--config", "dotted.json"}, "train.steps"},
        {{"--config", "."}, "folder"},
        {{"--config", "/dev/zero"}, "not a regular file"},
        {{"--config", "small.json", "--set", "train.steps=0"}, "bad --set train.steps=0: "},
        {{"--config", "small.json", "--set", "train.steps=-5"}, "bad --set train.steps=-5: "},
        {{"--config", "small", "--set", "train.steps=0"}, "bad --set train.steps=0: "},
        {{"--config", "small.json", "--set", "train.stepz=5"}, "did you mean train.steps?"},
        {{"--config", "small.json", "--set", "mode=stream"}, "did you mean data.mode?"},
        {{"--config", "small.json", "--set", "model.n_head=3"}, "bad --set model.n_head=3: "},
        {{"--config", "small.json", "--set", "data.held_out=0.9999"}, "data.held_out"},
        {{"--config", "small.json", "--set", "model.n_embd=65536", "--set", "model.n_layer=200"},
         "too large"},
        {{"--config", "small.json", "--data", "nope.txt"}, "No such file"},
        {{"--config", "small.json", "--data", "latin.txt"}, "line 1, byte 2"},
        {{"--config", "small.json", "--data", "empty.txt"}, "no documents"},
        {{"--config", "small.json", "--data", "utf16.txt"}, "UTF-16"},
        {{"--config", "small.json", "--data", "short.txt", "--set", "data.mode=stream"}, "too short"},
        {{"--config", "small.json", "--set", "data.documents=lines"}, "did you mean data.mode?"},
        {{"--config", "small.json", "--data", "."}, "latin.txt"},
        {{"--config", "small.json", "--data", "/dev/zero"}, "not a regular file"},
        {{"--config", "small.json", "--data", "odd\xff.txt", "--set", "data.held_out=0"}, "UTF-8"},
    };
    for (const Case& each : cases) {
      std::vector<std::string> arguments = {"train", "--out", "run"};
      arguments.insert(arguments.end(), each.more.begin(), each.more.end());
      std::string shown;
      for (const auto& argument : arguments) shown += argument + ' ';
      CAPTURE(shown);
      const auto result = run_microgpt(arguments, {.folder = small.folder.path()});
      CAPTURE(result.err);
      CHECK(result.exit_code == (result.err.find("bad --set") == std::string::npos ? 3 : 2));
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(each.named) != std::string::npos);
      CHECK(!std::filesystem::exists(small.out));
    }
  }

  TEST_CASE("train: a folder that cannot be made or is in use is exit code 5") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    const std::string before = read_bytes(small.out / "metrics.jsonl");
    for (const std::string& out : {small.out.string(), small.text.string(), small.text.string() + "/run",
                                   std::string("/proc/microgpt-run")}) {
      CAPTURE(out);
      auto arguments = small.train();
      arguments[4] = out;
      const auto result = run_microgpt(arguments);
      CAPTURE(result.err);
      CHECK(result.exit_code == 5);
      CHECK(refused_in_one_line(result));
    }
    CHECK(read_bytes(small.out / "metrics.jsonl") == before);
  }

  TEST_CASE("train: a held-out loss of a sample says so wherever it is shown") {
    const SmallRun small;
    const auto trained = run_microgpt(small.train({"--threads", "1", "--set", "train.eval_positions=12"}));
    CAPTURE(trained.err);
    REQUIRE(trained.exit_code == 0);
    const std::string run = small.out.string();
    for (const std::string& shown : {trained.out, run_microgpt({"info", run}).out,
                                     run_microgpt({"info", small.checkpoint("00000024").string()}).out,
                                     run_microgpt({"study", "history", run}).out}) {
      INFO(shown);
      CHECK(shown.find("a sample of ") != std::string::npos);
    }
    const SmallRun other;
    const auto whole = run_microgpt(other.train({"--threads", "1"}));
    REQUIRE(whole.exit_code == 0);
    CHECK(whole.out.find("sample of ") == std::string::npos);
  }
}
