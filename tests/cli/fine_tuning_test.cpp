#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/page_json.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  TEST_CASE("train: --from takes a model up on another text, and the run remembers it") {
    const TempFolder folder;
    write_bytes(folder / "hu.txt", "zoltán\nbéla\ngyörgy\nistván\nlajos\n");
    const std::string model = repository_file("data/models/names.safetensors").string();
    const auto train = [&](const std::string& out, std::vector<std::string> more) {
      std::vector<std::string> command = {"train", (folder / "hu.txt").string(), "--out",
                                          (folder / out).string()};
      command.insert(command.end(), more.begin(), more.end());
      return run_microgpt(command);
    };
    const auto result = train("run", {"--from", model});
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(result.out.find("áéö") != std::string::npos);

    // It can write what the old text lacked, and what only the old text has.
    CHECK(run_microgpt({"score", "--model", (folder / "run").string(), "györgy", "quentin"}).exit_code == 0);
    const PageJson info(run_microgpt({"info", (folder / "run").string(), "--json"}).out);
    CHECK(info.fact("from").text() == model);
    CHECK(info.fact("from_step").number() == 6000);

    // The run's config alone gives the same bytes.
    const auto again = run_microgpt({"train", "--config", (folder / "run/config.json").string(), "--out",
                                     (folder / "again").string(), "--quiet"});
    CAPTURE(again.err);
    REQUIRE(again.exit_code == 0);
    const std::string steps = "checkpoints/step-00000020.safetensors";
    REQUIRE(std::filesystem::exists(folder / "run" / steps));
    CHECK(read_bytes(folder / "run" / steps) == read_bytes(folder / "again" / steps));

    // The key says the same as the option.
    const auto by_key = train("by-key", {"--set", "model.from=" + model, "--quiet"});
    CAPTURE(by_key.err);
    REQUIRE(by_key.exit_code == 0);
    CHECK(read_bytes(folder / "by-key" / steps) == read_bytes(folder / "run" / steps));

    // What does not go together is refused.
    const auto other = train("other", {"--from", model, "--set", "model.n_embd=32", "--quiet"});
    CHECK(other.exit_code == 3);
    CHECK(refused_in_one_line(other));
    CHECK(other.err.find("model.n_embd") != std::string::npos);
    CHECK(run_microgpt({"train", "--resume", (folder / "run").string(), "--from", model}).exit_code == 2);
    CHECK(train("other", {"--keep-moments"}).exit_code == 2);
    CHECK(train("other", {"--from", (folder / "hu.txt").string()}).exit_code == 4);
    CHECK(!std::filesystem::exists(folder / "other"));
  }
}
