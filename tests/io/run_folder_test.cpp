#include "microgpt/run/run_folder.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "support/errors.hpp"
#include "support/sanitizers.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  using namespace microgpt;
  using namespace microgpt::test;
  namespace fs = std::filesystem;

  TEST_CASE("run_folder: its files have the names of the design") {
    const RunFolder run{"runs/names-1"};
    CHECK(run.config() == "runs/names-1/config.json");
    CHECK(run.metrics() == "runs/names-1/metrics.jsonl");
    CHECK(run.samples() == "runs/names-1/samples.txt");
    CHECK(run.checkpoint(1000) == "runs/names-1/checkpoints/step-00001000.safetensors");
    CHECK(run.checkpoint(1000000000) == "runs/names-1/checkpoints/step-1000000000.safetensors");
  }

  TEST_CASE("run_folder: a new or empty folder is taken and no other") {
    const TempFolder folder;
    CHECK(fs::is_directory(RunFolder::create(folder / "a/b/c").path / "checkpoints"));
    fs::create_directory(folder / "empty");
    CHECK(fs::is_directory(RunFolder::create(folder / "empty").path / "checkpoints"));

    // What is left of a run that was killed before it began is taken again; the lock says if one is under
    // way.
    write_bytes(folder / "a/b/c/.lock", "");
    write_bytes(folder / "a/b/c/.config.json.tmp.7", "{");
    CHECK(RunFolder::create(folder / "a/b/c").path == folder / "a/b/c");
    write_bytes(folder / "a/b/c/config.json", "{}");

    write_bytes(folder / "file", "old");
    fs::create_directory(folder / "used");
    write_bytes(folder / "used" / ".hidden", "old");
    fs::create_directories(folder / "checkpointed/checkpoints");
    write_bytes(folder / "checkpointed/checkpoints/mine", "old");
    fs::create_directory(folder / "noted");
    write_bytes(folder / "noted" / "notes", "");
    for (const auto& path : {folder / "file", folder / "used", folder / "a/b/c", folder / "checkpointed",
                             folder / "noted", folder / "file/x", fs::path("/proc/microgpt-run")}) {
      const Failure failure = failure_of([&] { RunFolder::create(path); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::io, {.where = path.string()}));
      CHECK(failure.is_one_line());
    }
    const Failure taken = failure_of([&] { RunFolder::create(folder / "file"); });
    CHECK(taken.is(Fault::io, {.where = (folder / "file").string(), .hint = "a file"}));
    CHECK(names_in(folder / "used") == std::vector<std::string>{".hidden"});
    CHECK(read_bytes(folder / "file") == "old");
  }

#ifndef MICROGPT_SANITIZED  // the sanitizers need descriptors of their own to look at an exception
  TEST_CASE("run_folder: a folder that cannot be looked into is not taken for empty") {
    const TempFolder folder;
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none = {0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);  // also root can open nothing now
    const Failure failure = failure_of([&] { RunFolder::create(folder.path()); });
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(failure.fault == 5);
    CHECK(failure.names(folder.path().string()));
    CHECK(names_in(folder.path()).empty());
  }
#endif

  TEST_CASE("run_folder: the next number is the first that is free") {
    const TempFolder folder;
    const auto parent = folder / "deep/runs";
    CHECK(RunFolder::create_next(parent, "x").path == parent / "x-1");
    CHECK(RunFolder::create_next(parent, "x").path == parent / "x-2");
    CHECK(RunFolder::create_next(parent, "y").path == parent / "y-1");
    write_bytes(parent / "x-3", "a file");
    fs::create_symlink(parent / "nowhere", parent / "x-4");
    fs::create_directory(parent / "x-5");  // empty, yet somebody's
    CHECK(RunFolder::create_next(parent, "x").path == parent / "x-6");
    fs::remove_all(parent / "x-1");
    CHECK(RunFolder::create_next(parent, "x").path == parent / "x-1");
    CHECK(fs::is_directory(parent / "x-1" / "checkpoints"));
    CHECK(!fs::exists(parent / "x-5" / "checkpoints"));
    CHECK(read_bytes(parent / "x-3") == "a file");

    const Failure in_file = failure_of([&] { RunFolder::create_next(parent / "x-3", "z"); });
    CHECK(in_file.is(Fault::io, {.where = (parent / "x-3").string(), .hint = "a file"}));
    if (!fs::exists("/proc/self")) return;  // a folder that nobody can make another in, not even root
    const Failure in_proc = failure_of([&] { RunFolder::create_next("/proc", "z"); });
    CHECK(in_proc.is(Fault::io, {.where = "/proc/z-1"}));
  }

  TEST_CASE("run_folder: checkpoints come newest first") {
    const TempFolder folder;
    const RunFolder run = RunFolder::create(folder / "run");
    for (const int step : {20, 100, 9, 123456789, 99999999, 1000000000, 99}) {
      write_bytes(run.checkpoint(step), "");
    }
    for (const std::string other :
         {"step-00000999.safetensors.part", "notes.txt", "other.safetensors",
          ".step-00001000.safetensors.tmp.1", "step-1.safetensors", "step-0000001x.safetensors",
          "step-99999999999.safetensors", "step-.safetensors", "step--0000001.safetensors",
          "stop-00000007.safetensors", "step-00000007.safetensor"}) {
      write_bytes(run.path / "checkpoints" / other, "");
    }
    std::vector<fs::path> expected;
    for (const int step : {1000000000, 123456789, 99999999, 100, 99, 20, 9}) {
      expected.push_back(run.checkpoint(step));
    }
    CHECK(find_checkpoints(run.path) == expected);
    CHECK(find_checkpoints(run.path.string() + "/").size() == 7);
    // A file is itself, whatever its name.
    write_bytes(folder / "any.name", "");
    CHECK(find_checkpoints(folder / "any.name") == std::vector<fs::path>{folder / "any.name"});
  }

  TEST_CASE("run_folder: what cannot be looked at is not said to be missing") {
    // A link to itself: root cannot look through it either.
    const TempFolder folder;
    fs::create_symlink("loop", folder / "loop");
    const Failure of_path = failure_of([&] { find_checkpoints(folder / "loop"); });
    CHECK(of_path.is(Fault::checkpoint, {.what = "cannot read file", .where = (folder / "loop").string()}));
    CHECK(of_path.is_one_line());
    fs::create_directory(folder / "run");
    fs::create_symlink("checkpoints", folder / "run" / "checkpoints");
    const Failure of_folder = failure_of([&] { find_checkpoints(folder / "run"); });
    CHECK(of_folder.is(Fault::checkpoint, {.where = (folder / "run/checkpoints").string()}));
    CHECK(of_folder.is_one_line());
  }

  TEST_CASE("run_folder: where no checkpoint is it says so") {
    const TempFolder folder;
    fs::create_directory(folder / "bare");
    RunFolder::create(folder / "run");
    write_bytes(folder / "run" / "checkpoints" / "notes.txt", "");
    fs::create_directory(folder / "odd");
    write_bytes(folder / "odd" / "checkpoints", "a file");
    for (const auto& path :
         {folder / "missing", folder / "bare", folder / "run", folder / "odd", fs::path("")}) {
      const Failure failure = failure_of([&] { find_checkpoints(path); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::checkpoint, {}));
      CHECK(failure.names(path.string()));
      CHECK(failure.is_one_line());
    }
  }
}
