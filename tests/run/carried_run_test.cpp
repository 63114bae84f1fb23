// A run inside a page: its files are all there, few enough, and no text of theirs is markup.
#include "microgpt/run/carried_run.hpp"

#include <doctest/doctest.h>

#include "microgpt/base/base64.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  constexpr const char* kPage =
      "<p>\n<script type=\"application/json\" id=\"run\">null</script>\n<script>x</script>\n";

  /// The file of a carried run that ends so; empty if there is none.
  std::string carried_file(const Json& run, const std::string& end, const char* as) {
    for (std::size_t i = 0; i < run["files"].size(); ++i) {
      const Json file = run["files"][i];
      if (file["path"].text().ends_with(end) && file.has(as)) return file[as].text();
    }
    return "";
  }

  std::size_t checkpoints_in(const Json& run) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < run["files"].size(); ++i)
      count += run["files"][i]["path"].text().find("checkpoints/step-") != std::string::npos ? 1U : 0U;
    return count;
  }

  }  // namespace

  TEST_CASE("report: a run is carried with its config, curve, samples, checkpoints and text") {
    Stones stones;
    stones.config.keep = 0;
    Session session = stones.begin("run");
    REQUIRE(session.run({}));
    REQUIRE(session.write_samples());
    const CarriedRun carried = carried_run(stones.folder / "run");
    CHECK(carried.steps == std::vector<int>{7, 14, 21, 24});
    CHECK(carried.left_out == 0);
    CHECK(carried.text_left_out == "");
    const Json run = Json::parse(carried.json);
    CHECK(run["name"].text() == "run");
    CHECK(checkpoints_in(run) == 4);
    CHECK(carried_file(run, "metrics.jsonl", "text") == read_bytes(stones.folder / "run/metrics.jsonl"));
    CHECK(carried_file(run, "config.json", "text") == read_bytes(stones.folder / "run/config.json"));
    CHECK(carried_file(run, "samples.txt", "text") == read_bytes(stones.folder / "run/samples.txt"));
    CHECK(carried_file(run, "stones.txt", "text") == read_bytes(stones.folder / "stones.txt"));
    CHECK(carried_file(run, "best.safetensors", "base64")
          == base64(read_bytes(stones.folder / "run/checkpoints/best.safetensors")));

    const auto bytes =
        std::filesystem::file_size(stones.folder / "run/checkpoints/step-00000024.safetensors");
    const CarriedRun few = carried_run(stones.folder / "run", 2 * bytes);
    CHECK(few.steps == std::vector<int>{7, 24});
    CHECK(few.left_out == 2);

    const CarriedRun file = carried_run(stones.folder / "run/checkpoints/step-00000014.safetensors");
    CHECK(file.steps == std::vector<int>{14});
    CHECK(Json::parse(file.json)["open"].text().ends_with("step-00000014.safetensors"));
    CHECK_THROWS_AS(carried_run(stones.folder / "nothing"), Error);
  }

  TEST_CASE("report: whatever the text holds, it ends no script and opens none") {
    Stones stones;
    const std::string evil = "</script><script>alert(1)</script>\n<!--<script>\n]]>&amp;\n\xe2\x80\xa8x\n";
    write_bytes(stones.folder / "stones.txt", evil + evil + "abc\nabd\n");
    stones.config.data.held_out = 0;
    Session session = stones.begin("run");
    REQUIRE(session.run({}));
    const CarriedRun carried = carried_run(stones.folder / "run");
    for (const char* part : {"<", ">", "&", "\xe2\x80\xa8"})
      CHECK_MESSAGE(carried.json.find(part) == std::string::npos, part);
    CHECK(carried_file(Json::parse(carried.json), "stones.txt", "text") == evil + evil + "abc\nabd\n");
    const std::string page = page_with_run(kPage, carried.json);
    CHECK(page.starts_with("<p>\n<script type=\"application/json\" id=\"run\">{"));
    CHECK(page.ends_with("}</script>\n<script>x</script>\n"));
    CHECK_THROWS_AS(page_with_run("<p>", "{}"), Error);
  }

  TEST_CASE("report: a run whose text is gone or too large is carried without it, and says so") {
    Stones stones;
    Session session = stones.begin("run");
    REQUIRE(session.run({}));
    CHECK(carried_run(stones.folder / "run", 200).text_left_out.find("stones.txt") != std::string::npos);
    std::filesystem::remove(stones.folder / "stones.txt");
    CHECK(carried_run(stones.folder / "run").text_left_out.find("stones.txt") != std::string::npos);
  }
}
