#include <doctest/doctest.h>

#include <algorithm>

#include "io/saved_run.hpp"
#include "support/config.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// A small checkpoint: few weights, and a generator of short numbers.
  struct SmallCheckpoint {
    Saved<float> saved{{0, 1, 1, 1, 5, Activation::relu}};
    std::string bytes;
    TrainState<float> state = saved.state;

    SmallCheckpoint() {
      saved.record.rng.words.fill(7);
      saved.save();
      bytes = read_bytes(saved.path);
    }

    /// The two good ends: an Error of ours in one line, or all that was saved.
    [[nodiscard]] bool is_refused_or_whole(const std::string& changed, int& loaded) const {
      const Failure failure = failure_of([&] {
        const Checkpoint checkpoint = Checkpoint::parse(changed, "x");
        ++loaded;
        const auto same = [](const Parameters<float>& a, const Parameters<float>& b) {
          return std::memcmp(a.values().data(), b.values().data(), a.values().size_bytes()) == 0;
        };
        const auto read = checkpoint.train_state<float>();
        const TrainingRecord& record = checkpoint.training();
        const bool whole = same(read.parameters, state.parameters) && same(read.m, state.m)
                           && same(read.v, state.v) && read.step == 3 && record.step == 3
                           && record.rng == saved.record.rng && record.data_sha256 == saved.record.data_sha256
                           && record.held_out_loss == saved.record.held_out_loss
                           && config_text(checkpoint.config()) == config_text(saved.config)
                           && checkpoint.tokenizer() == saved.tokenizer;
        if (!whole) throw std::runtime_error("it was loaded as something else");
      });
      return failure.fault == 0 || (failure.fault == 4 && failure.is_one_line());
    }
  };

  }  // namespace

  TEST_CASE("checkpoint: every flipped bit is refused or harmless") {
    const SmallCheckpoint small;
    REQUIRE(small.bytes.size() < 4096);
    const std::size_t data = small.bytes.size() - 3 * 11 * sizeof(float);
    int loaded = 0;
    std::string bytes = small.bytes;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        const int before = loaded;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
        const bool good = small.is_refused_or_whole(bytes, loaded);
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
        if (!good) FAIL_CHECK("byte " << at << ", bit " << bit);
        if (at >= data && loaded > before) FAIL_CHECK("byte " << at << " of the numbers, bit " << bit);
      }
    }
    CHECK(loaded < 64);  // what is left to chance: other spelling of the same JSON
    CHECK(small.is_refused_or_whole(bytes, loaded));
    CHECK(loaded > 0);
  }

  TEST_CASE("checkpoint: cut at any length it is refused, and so it is with more behind it") {
    const SmallCheckpoint small;
    int loaded = 0;
    for (std::size_t size = 0; size < small.bytes.size(); ++size) {
      if (!small.is_refused_or_whole(small.bytes.substr(0, size), loaded)) FAIL_CHECK(size << " bytes");
    }
    for (const int more : {1, 3, 4, 8, 4096}) {
      if (!small.is_refused_or_whole(small.bytes + std::string(static_cast<std::size_t>(more), '\0'), loaded))
        FAIL_CHECK(more << " more");
    }
    CHECK(loaded == 0);
    // On the disk as in memory.
    for (std::size_t size = small.bytes.size(); size > 0; size -= std::min<std::size_t>(size, 101)) {
      std::filesystem::resize_file(small.saved.path, size - 1);
      CHECK(failure_of([&] { Checkpoint::load(small.saved.path); }).fault == 4);
    }
  }
}
