#include <doctest/doctest.h>

#include <functional>

#include "cli/small_run.hpp"
#include "io/malformed_checkpoints.hpp"
#include "microgpt/base/sha256.hpp"
#include "support/page_json.hpp"
#include "support/sanitizers.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

#if defined(MICROGPT_SANITIZED) || defined(__APPLE__)
  constexpr bool kCountsMemory = false;  // the sanitizer takes its own, and macOS sets no limit to it
#else
  constexpr bool kCountsMemory = true;
#endif

  /// The exit code of info with so much memory; 5 if it is not enough.
  int info_within(std::uint64_t memory, const std::filesystem::path& file) {
    const auto result = run_microgpt({"info", file.string()}, {.memory = memory});
    CAPTURE(result.err);
    CHECK((result.exit_code == 0 || refused_in_one_line(result)));
    return result.exit_code;
  }

  }  // namespace

  TEST_CASE("info: a run folder is its newest checkpoint, with every tensor by --all") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    const auto result = run_microgpt({"info", small.out.string(), "--json"});
    CHECK(result.exit_code == 0);
    CHECK(result.err == "");
    CHECK(lines_of(result.out).size() == 1);
    const PageJson info(result.out);
    const std::string bytes = read_bytes(small.checkpoint("00000024"));
    CHECK(info.json["view"].text() == "info");
    CHECK(info.fact("file").text() == small.checkpoint("00000024").string());
    CHECK(info.fact("bytes").number() == static_cast<double>(bytes.size()));
    CHECK(info.fact("sha256").text() == microgpt::sha256(bytes));
    CHECK(info.fact("data_sha256").text() == microgpt::sha256(read_bytes(small.text)));
    CHECK(info.fact("step").number() == 24);
    CHECK(info.rows("tensors") == 15);
    CHECK(run_microgpt({"info", "--model", small.out.string(), "--json"}).out == result.out);
    CHECK(run_microgpt({"info", small.checkpoint("00000024").string(), "--json"}).exit_code == 0);
    CHECK(run_microgpt({"info", small.out.string(), "--all"}).out.find("layer1.mlp_fc2")
          != std::string::npos);
  }

  TEST_CASE("info: one damaged file is refused; in a folder the one before it is shown") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--stop-after", "12"})).exit_code == 130);
    const auto result = run_microgpt({"info", small.out.string(), "--last"});
    CHECK(result.exit_code == 0);
    CHECK(result.out.find(microgpt::sha256(read_bytes(small.checkpoint("00000012")))) != std::string::npos);
    CHECK(result.out.find('\x1b') == std::string::npos);
    write_bytes(small.checkpoint("00000012"), "damaged");
    const auto file = run_microgpt({"info", small.checkpoint("00000012").string()});
    CHECK(file.exit_code == 4);
    CHECK(refused_in_one_line(file));
    const auto best = run_microgpt({"info", small.out.string(), "--json"});
    CHECK(best.exit_code == 0);
    CHECK(best.err == "");  // the best are of step 10
    CHECK(PageJson(best.out).fact("file").text().ends_with("best.safetensors"));
    const auto folder = run_microgpt({"info", small.out.string(), "--last", "--json"});
    CHECK(folder.exit_code == 0);
    CHECK(folder.err.starts_with("warning: "));
    CHECK(PageJson(folder.out).fact("step").number() == 10);
  }

  TEST_CASE("info: no file makes it take more than twice its size in memory") {
    if (!kCountsMemory) {
      MESSAGE("left out: the memory of a process cannot be limited here");
      return;
    }
    const TempFolder folder;
    const auto path = folder / "model.safetensors";
    Saved<float> small({0, 1, 1, 1, 5, microgpt::Activation::relu});
    constexpr std::uint64_t kProgram = 2 << 20;
    const Saved<float> large({4, 256, 2, 8, 5, microgpt::Activation::relu});
    const std::uint64_t size = std::filesystem::file_size(large.path);
    REQUIRE(size > 30'000'000);
    CHECK(info_within(kProgram + 2 * size, large.path) == 0);
    CHECK(info_within(size / 2, large.path) == 5);  // the limit is one

    // As much as a header may hold of whatever takes most memory.
    constexpr std::uint64_t kHeader = 16 << 20;
    constexpr std::size_t kFill = 2'000'000;
    const auto fill = [](const std::string& part) {
      std::string text;
      text.reserve(kFill + part.size());
      while (text.size() < kFill) text += part;
      return text;
    };
    Parts parts(small.path);
    const auto filled = [&](const std::string& key, const std::string& value) {
      Parts changed = parts;
      changed.metadata[key] = value;
      changed.write(path);
    };
    struct Case {
      const char* name;
      std::function<void()> write;
    };
    const Case cases[] = {
        {"a long value of the metadata", [&] { filled("more", fill("x")); }},
        {"a vocabulary of arrays", [&] { filled("vocabulary", "[" + fill("[],") + "0]"); }},
        {"a vocabulary of one letter",
         [&] { filled("vocabulary", "[" + fill("\"a\",").substr(0, 900'000) + "\"b\"]"); }},
        {"a config of arrays", [&] { filled("config", R"({"why":[)" + fill("[],") + "0]}"); }},
        {"a config of objects", [&] { filled("config", R"({"why":[)" + fill("{},") + "0]}"); }},
        {"a config of keys",
         [&] {
           std::string keys;
           for (int i = 0; keys.size() < kFill / 2; ++i) keys += "\"" + std::to_string(i) + "\":0,";
           filled("config", "{" + keys + "\"x\":0}");
         }},
        {"a generator of many words",
         [&] { filled("training", R"({"step":3,"rng":{"words":[)" + fill("1,") + "1]}}"); }},
        {"a shape of many dimensions",
         [&] { write_bytes(path, safetensors(entry("\"F32\"", "[" + fill("1,") + "1]", "[0,16]"), kData)); }},
        {"an entry of many keys",
         [&] {
           std::string keys;
           for (int i = 0; keys.size() < kFill; ++i) keys += "\"" + std::to_string(i) + "\":0,";
           write_bytes(path, safetensors(R"({"a":{)" + keys + R"("b":0}})", kData));
         }},
        {"metadata of many keys",
         [&] {
           std::string keys;
           for (int i = 0; keys.size() < kFill; ++i) keys += "\"" + std::to_string(i) + "\":\"\",";
           write_bytes(path, safetensors(R"({"__metadata__":{)" + keys + R"("b":""}})", kData));
         }},
        {"a long name", [&] { write_bytes(path, safetensors("{\"" + fill("n") + "\":0}", kData)); }},
        {"spaces", [&] { write_bytes(path, safetensors("{" + fill(" ") + "}", kData)); }},
    };
    for (const Case& each : cases) {
      CAPTURE(each.name);
      each.write();
      const int expected = each.name == std::string("a long value of the metadata") ? 0 : 4;
      CHECK(info_within(kProgram + 2 * std::filesystem::file_size(path) + kHeader, path) == expected);
    }
  }
}
