// The text of a run that was moved together with it.
#include "microgpt/run/moved_text.hpp"

#include <doctest/doctest.h>

#include "microgpt/base/sha256.hpp"
#include "microgpt/run/own_text.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("run: a text is found beside its run, under the longest end of its path, by its SHA-256 alone") {
    const TempFolder folder = TempFolder::in_memory();
    const fs::path run = folder / "a/b/run";
    const std::string digest = sha256("agate\n");
    const std::string recorded = "/no/such/place/texts/stones.txt";
    const auto find = [&] { return find_own_text(recorded, run, digest); };
    fs::create_directories(run / "checkpoints");
    fs::create_directories(folder / "texts");
    fs::create_directories(folder / "a/place/texts");
    fs::create_directories(folder / "a/stones.txt");  // no file

    const Failure failure = failure_of([&] { (void)find(); });
    CHECK(failure.fault == 3);
    CHECK(failure.parts.where == recorded);
    CHECK(failure.parts.hint.find("--data FILE") != std::string::npos);

    // Each is nearer or has more of the path than the one before.
    for (const char* place : {"stones.txt", "texts/stones.txt", "a/place/texts/stones.txt", "a/b/stones.txt",
                              "a/b/run/stones.txt"}) {
      CAPTURE(place);
      write_bytes(folder / place, "onyx\n");
      if (std::string(place) == "stones.txt") {
        CHECK(failure_of([&] { (void)find(); }).fault == 3);
      } else {
        CHECK(find() != (folder / place).string());  // another text of that name
      }
      write_bytes(folder / place, "agate\n");
      CHECK(find() == (folder / place).string());
    }
    // Where it was is where it is, whatever it is now: that is judged by those who read it.
    write_bytes(folder / "texts/there.txt", "onyx\n");
    CHECK(find_own_text((folder / "texts/there.txt").string(), run, digest)
          == (folder / "texts/there.txt").string());
  }

  TEST_CASE("run: a folder with a run and its text is moved, and everything finds the text") {
    Stones stones;
    fs::create_directories(stones.folder / "home");
    fs::rename(stones.folder / "stones.txt", stones.folder / "home/stones.txt");
    stones.config.data.path = (stones.folder / "home/stones.txt").string();
    stones.train("home/whole");
    {
      Session session = stones.begin("home/run");
      run_to(session, 10);
    }
    fs::rename(stones.folder / "home", stones.folder / "moved");
    const std::string text = (stones.folder / "moved/stones.txt").string();
    {
      Session session = stones.resume("moved/run");
      CHECK(session.config().data.path == text);
      CHECK(session.run({}));
      CHECK(session.write_samples());
    }
    CHECK(read_bytes(stones.folder / "moved/run/config.json").find(text) != std::string::npos);
    CHECK(stones.metrics("moved/run") == stones.metrics("moved/whole"));
    // A checkpoint in a run folder and one that was taken out of it.
    const RunFolder whole{stones.folder / "moved/whole"};
    CHECK_NOTHROW((void)load_own_text(load_newest_checkpoint(whole.path), ""));
    fs::copy_file(whole.checkpoint(24), stones.folder / "moved/taken");
    CHECK_NOTHROW((void)load_own_text(Checkpoint::load(stones.folder / "moved/taken"), ""));
    fs::rename(text, stones.folder / "moved/other.txt");
    const Failure gone = failure_of([&] { (void)load_own_text(load_newest_checkpoint(whole.path), ""); });
    CHECK(gone.fault == 3);
    CHECK(gone.message.find("--data FILE") != std::string::npos);
    CHECK_NOTHROW((void)load_own_text(load_newest_checkpoint(whole.path),
                                      (stones.folder / "moved/other.txt").string()));
  }
}
