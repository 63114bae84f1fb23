#include "microgpt/base/thread_team.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

TEST_SUITE("base") {
  using microgpt::ThreadTeam;

  TEST_CASE("thread team: every task runs once and by a worker of the team") {
    for (const int size : {1, 2, 3, 8}) {
      ThreadTeam team(size);
      CHECK(team.size() == size);
      for (const int tasks : {0, 1, 2, 7, 100, 1000}) {
        const auto count = std::make_unique<std::atomic<int>[]>(static_cast<std::size_t>(tasks));
        std::atomic<bool> stranger = false;
        team.run(tasks, [&](int index, int worker) {
          ++count[static_cast<std::size_t>(index)];
          if (worker < 0 || worker >= size) stranger = true;
        });
        CHECK(!stranger);
        bool once = true;
        for (int i = 0; i < tasks; ++i) once = once && count[static_cast<std::size_t>(i)] == 1;
        CHECK_MESSAGE(once, size, " workers, ", tasks, " tasks");
      }
    }
  }

  TEST_CASE("thread team: a worker has one task at a time") {
    // This is what lets a task use its worker's memory without a lock.
    ThreadTeam team(4);
    std::atomic<int> busy[4] = {};
    std::atomic<bool> twice = false;
    team.run(2000, [&](int /*index*/, int worker) {
      if (busy[worker].exchange(1) != 0) twice = true;
      for (int i = 0; i < 100; ++i) busy[worker].load();
      busy[worker] = 0;
    });
    CHECK(!twice);
  }

  TEST_CASE("thread team: several threads take part") {
    ThreadTeam team(3);
    std::atomic<int> here = 0;
    // Each waits for the others: with fewer than three threads at work this would never end.
    team.run(3, [&](int /*index*/, int /*worker*/) {
      ++here;
      while (here < 3) std::this_thread::yield();
    });
    CHECK(here == 3);
  }

  TEST_CASE("thread team: a team of no size works with its caller alone") {
    ThreadTeam team(0);
    CHECK(team.size() == 1);
    const auto caller = std::this_thread::get_id();
    int ran = 0;
    bool same = true;
    team.run(5, [&](int /*index*/, int worker) {
      ++ran;
      same = same && worker == 0 && std::this_thread::get_id() == caller;
    });
    CHECK(ran == 5);
    CHECK(same);
  }

  TEST_CASE("thread team: an exception comes out after all tasks are done") {
    for (const int size : {1, 2, 4}) {
      ThreadTeam team(size);
      for (const int bad : {0, 3, 19}) {
        std::atomic<int> ran = 0;
        std::string text;
        try {
          team.run(20, [&](int index, int /*worker*/) {
            ++ran;
            if (index == bad) throw std::runtime_error("task " + std::to_string(index));
          });
        } catch (const std::runtime_error& error) {
          text = error.what();
        }
        CHECK(text == "task " + std::to_string(bad));
        CHECK(ran == 20);
        // And the team goes on.
        std::atomic<int> after = 0;
        CHECK_NOTHROW(team.run(20, [&](int /*index*/, int /*worker*/) { ++after; }));
        CHECK(after == 20);
      }
      // When all of them throw, one comes out and none is left over.
      CHECK_THROWS_AS(team.run(9, [](int, int) { throw std::logic_error("all"); }), std::logic_error);
      CHECK_NOTHROW(team.run(9, [](int, int) {}));
    }
  }

  TEST_CASE("thread team: many small runs see what the run before wrote") {
    ThreadTeam team(4);
    int numbers[3] = {};
    bool right = true;
    for (int round = 0; round < 5000; ++round) {
      team.run(3, [&](int index, int /*worker*/) {
        if (numbers[index] != round) right = false;
        ++numbers[index];
      });
    }
    CHECK(right);
    CHECK(numbers[0] == 5000);
    CHECK(numbers[1] == 5000);
    CHECK(numbers[2] == 5000);
  }

  TEST_CASE("thread team: made and ended without a run") {
    for (int i = 0; i < 50; ++i) ThreadTeam team(3);
    CHECK(true);
  }
}
