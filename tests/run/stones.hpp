// A text of a few stones, and runs of it that take milliseconds.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "microgpt/run/run_folder.hpp"
#include "microgpt/run/session.hpp"
#include "support/data.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

namespace fs = std::filesystem;

/// A text of a few stones, a small config that does everything a run can do, and folders for its runs.
struct Stones {
  TempFolder folder = TempFolder::in_memory();
  RunConfig config;

  Stones() {
    fs::copy_file(repository_file("tests/golden/small.txt"), folder / "stones.txt");
    config.data = {.path = (folder / "stones.txt").string(), .held_out = 0.2};
    config.model = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 8};
    config.train.steps = 24;
    config.train.batch_size = 6;
    config.train.grad_clip = 1;
    config.eval_every = 5;
    config.checkpoint_every = 7;
    config.keep = 2;
    config.sample.count = 6;
  }

  [[nodiscard]] Session begin(const std::string& out = "", int threads = 1) const {
    Session::Start start{.threads = threads};
    if (!out.empty()) start.make_folder = [path = folder / out] { return RunFolder::create(path); };
    return Session::begin(config, start);
  }
  [[nodiscard]] Session resume(const std::string& run, int threads = 1) const {
    return Session::resume({.from = folder / run, .threads = threads});
  }
  /// A run from its first step to its texts.
  void train(const std::string& out) const {
    Session session = begin(out);
    REQUIRE(session.run({}));
    REQUIRE(session.write_samples());
  }
  [[nodiscard]] std::string metrics(const std::string& run) const {
    return read_bytes(folder / run / "metrics.jsonl");
  }

  /// Every file of a run and what is in it.
  [[nodiscard]] std::map<std::string, std::string> content(const std::string& run) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder / run)) {
      if (entry.is_regular_file())
        all[entry.path().lexically_relative(folder / run).string()] = read_bytes(entry.path());
    }
    return all;
  }
  /// Names of the files in which two runs differ, or which only one has.
  [[nodiscard]] std::string difference(const std::string& a, const std::string& b) const {
    const auto one = content(a), other = content(b);
    std::string names;
    for (const auto& [name, bytes] : one) {
      if (!other.contains(name) || other.at(name) != bytes) names += name + ' ';
    }
    for (const auto& [name, bytes] : other) {
      if (!one.contains(name)) names += '+' + name + ' ';
    }
    return names;
  }
};

inline std::vector<double> values_of(const Session& session) {
  const Parameters<double> parameters = session.parameters();
  return {parameters.values().begin(), parameters.values().end()};
}

/// Steps until the run stands after `step`.
inline void run_to(Session& session, int step) {
  CHECK_FALSE(session.run({}, [&](int done) { return done == step; }));
  CHECK(session.step() == step);
}

}  // namespace microgpt::test
