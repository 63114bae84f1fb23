// What a run that is resumed makes of a config.json that somebody has edited.
#include "microgpt/run/edited_config.hpp"

#include <doctest/doctest.h>

#include "run/stones.hpp"
#include "support/errors.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  std::string replaced(std::string text, const std::string& old, const std::string& with) {
    const auto at = text.find(old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), with);
  }

  }  // namespace

  TEST_CASE("run: an edited config is refused with its keys and both values, and nothing is written") {
    const Stones stones;
    {
      Session session = stones.begin("run");
      run_to(session, 10);
    }
    const fs::path file = stones.folder / "run/config.json";
    const std::string config = read_bytes(file);
    const std::string metrics = stones.metrics("run");

    const std::string edited = replaced(config, "\"steps\": 24", "\"steps\": 48");
    write_bytes(file, edited);
    const Failure steps = failure_of([&] { (void)stones.resume("run"); });
    CHECK(steps.fault == 3);
    CHECK(steps.parts.where == file.string());
    CHECK(steps.parts.hint.find("train.steps is 48 here and 24 in the run") != std::string::npos);
    CHECK(steps.parts.hint.find("--steps with --resume") != std::string::npos);
    CHECK(read_bytes(file) == edited);
    CHECK(stones.metrics("run") == metrics);

    // The first three, and how many more; into another folder too.
    std::string four = replaced(edited, "\"batch_size\": 6", "\"batch_size\": 7");
    four = replaced(four, "\"grad_clip\": 1.0", "\"grad_clip\": 2.0");
    four = replaced(four, "\"seed\": 42", "\"seed\": 43");
    write_bytes(file, four);
    const Failure more = failure_of([&] { (void)stones.resume("run"); });
    CHECK(more.fault == 3);
    CHECK(more.parts.hint.find("seed is 43 here and 42 in the run") != std::string::npos);
    CHECK(more.parts.hint.find("and 1 more") != std::string::npos);
    CHECK(failure_of([&] {
            (void)Session::resume({.from = stones.folder / "run", .out = stones.folder / "other"});
          }).fault
          == 3);
    CHECK(!fs::exists(stones.folder / "other"));

    // A key or a value that no config has is an error of its own.
    write_bytes(file, replaced(config, "\"steps\": 24", "\"stepps\": 24"));
    const Failure unknown = failure_of([&] { (void)stones.resume("run"); });
    CHECK(unknown.fault == 3);
    CHECK(unknown.message.find("stepps") != std::string::npos);

    // What says nothing of the run may be edited; what is gone or no JSON is written again.
    stones.train("whole");
    const std::string noted = replaced(config, "\"why\": \"\"", "\"why\": \"my first\"");
    for (const std::string& text : {noted, std::string("{\"seed\": 4"), std::string()}) {
      CAPTURE(text);
      write_bytes(file, text);
      if (text.empty()) fs::remove(file);
      { CHECK(stones.resume("run").step() == 10); }
      CHECK(read_bytes(file) == config);
    }
  }

  TEST_CASE("run: config.json may say where the text is now, if it is the same text") {
    const Stones stones;
    stones.train("whole");
    {
      Session session = stones.begin("run");
      run_to(session, 10);
    }
    const fs::path file = stones.folder / "run/config.json";
    const std::string config = read_bytes(file);
    const fs::path moved = stones.folder / "pebbles.txt";
    fs::copy_file(stones.config.data.path, moved);
    for (const std::string& path : {moved.string(), std::string("../pebbles.txt")}) {
      write_bytes(file, replaced(config, stones.config.data.path, path));
      Session session = stones.resume("run");
      CHECK(session.config().data.path == moved.string());
    }
    write_bytes(moved, read_bytes(moved) + "agate\n");
    const Failure other = failure_of([&] { (void)stones.resume("run"); });
    CHECK(other.fault == 3);
    CHECK(other.message.find("SHA-256") != std::string::npos);
  }

  TEST_CASE("run: a run by the clock of version 0.1 goes on by the steps of its checkpoint") {
    const Stones stones;
    {
      Session session = stones.begin("run");
      run_to(session, 10);
    }
    const fs::path file = stones.folder / "run/config.json";
    write_bytes(file, replaced(replaced(read_bytes(file), "\"steps\": 24", "\"steps\": 1000"), "\"train\": {",
                               "\"train\": {\n    \"time_budget\": 30.0,"));
    Session session = stones.resume("run");
    CHECK(session.step() == 10);
    CHECK(session.config().train.steps == 24);
    CHECK(read_bytes(file).find("time_budget") == std::string::npos);
  }
}
