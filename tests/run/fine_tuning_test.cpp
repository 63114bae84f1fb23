// Runs that begin with the weights of another model.
#include "microgpt/run/fine_tuning.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "microgpt/run/checkpoint_store.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "run/stones.hpp"
#include "support/errors.hpp"

TEST_SUITE("run") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// A base model of stones in the folder "base", and a config that begins with it: another text, in which some
  /// letters of the base are missing and some are new.
  struct Tuned : Stones {
    Tuned() {
      train("base");
      std::string text;
      for (const char* beginning : {"zolt", "b", "gy", "ist", "laj", "agat", "quar"}) {
        for (const char* end : {"án", "éla", "örgy", "os", "ván", "onyx"})
          text += std::string(beginning) + end + '\n';
      }
      write_bytes(folder / "more.txt", text);
      config.from = (folder / "base").string();
      config.data.path = (folder / "more.txt").string();
    }
    [[nodiscard]] Checkpoint base() const { return choose_model(folder / "base", Weights::best).checkpoint; }
  };

  std::u32string characters_of(const Tokenizer& tokenizer) {
    return {tokenizer.characters().begin(), tokenizer.characters().end()};
  }

  /// The row of a character, or of BOS for U'\0'.
  Index row_of(const Tokenizer& tokenizer, char32_t character) {
    if (character == U'\0') return tokenizer.bos();
    return static_cast<Index>(characters_of(tokenizer).find(character));
  }

  bool same_row(ConstView<double> a, Index row_a, ConstView<double> b, Index row_b) {
    for (Index c = 0; c < a.cols(); ++c) {
      if (a(row_a, c) != b(row_b, c)) return false;
    }
    return true;
  }

  }  // namespace

  TEST_CASE("fine-tuning: rows go by character and position, what is new is fresh, what is unused stays") {
    for (const int block_size : {5, 8, 11}) {
      CAPTURE(block_size);
      Tuned tuned;
      tuned.config.model.block_size = block_size;
      const Session session = tuned.begin();
      const Checkpoint base = tuned.base();
      const Parameters<double> was = base.parameters<double>();
      const Parameters<double> is = session.parameters();
      const Tokenizer& now = session.corpus().tokenizer;
      const std::u32string before = characters_of(base.tokenizer());
      const std::u32string after = characters_of(now);
      CHECK(after.find(U'ö') != std::u32string::npos);
      CHECK(std::includes(after.begin(), after.end(), before.begin(), before.end()));
      for (const char32_t character : before + U'\0') {
        const Index from = row_of(base.tokenizer(), character), to = row_of(now, character);
        CHECK_MESSAGE(same_row(was.wte(), from, is.wte(), to), "wte of U+", std::uint32_t{character});
        CHECK_MESSAGE(same_row(was.lm_head(), from, is.lm_head(), to), "lm_head of U+",
                      std::uint32_t{character});
      }
      for (Index t = 0; t < std::min(8, block_size); ++t) CHECK(same_row(was.wpe(), t, is.wpe(), t));
      CHECK(is.wpe().rows() == block_size);
      REQUIRE(session.origin());
      CHECK(session.config().from == base.path().string());
      CHECK(session.origin()->step == base.training().step);
      const std::vector<char32_t>& fresh = session.fresh_characters();
      CHECK(after.size() == before.size() + fresh.size());
      for (const char32_t character : fresh) {
        CHECK(before.find(character) == std::u32string::npos);
        const Index row = row_of(now, character);
        double squares = 0;
        for (Index c = 0; c < 8; ++c) squares += is.wte()(row, c) * is.wte()(row, c);
        CHECK_MESSAGE(squares > 0, "the row of U+", std::uint32_t{character}, " is drawn");
      }
      for (const TensorKind kind :
           {TensorKind::attn_wq, TensorKind::attn_wo, TensorKind::mlp_fc1, TensorKind::mlp_fc2}) {
        const auto a = was.tensor(kind), b = is.tensor(kind);
        for (Index r = 0; r < a.rows(); ++r) CHECK(same_row(a, r, b, r));
      }
    }
  }

  TEST_CASE(
      "fine-tuning: stopped after any of its steps it goes on to the same bytes, for any number of threads") {
    for (const bool muon : {false, true}) {
      Tuned tuned;
      tuned.config.train.optimizer = muon ? OptimizerKind::muon : OptimizerKind::adam;
      if (!muon) tuned.config.keep_moments = true;
      tuned.train("whole");
      for (int stop = 1; stop < 24; stop += 5) {
        CAPTURE(stop);
        fs::remove_all(tuned.folder / "run");
        {
          Session session = tuned.begin("run", 2);
          run_to(session, stop);
        }
        Session session = tuned.resume("run", 3);
        CHECK(session.run({}));
        CHECK(session.write_samples());
        { const Session other = std::move(session); }
        CHECK(tuned.difference("whole", "run") == "");
      }
      // Killed before its first checkpoint, and taken up from config.json alone.
      fs::remove_all(tuned.folder / "run");
      { Session session = tuned.begin("run"); }
      fs::remove_all(tuned.folder / "run" / "checkpoints");
      fs::create_directories(tuned.folder / "run" / "checkpoints");
      {
        Session session = tuned.resume("run");
        CHECK(session.run({}));
        CHECK(session.write_samples());
      }
      CHECK(tuned.difference("whole", "run") == "");
    }
  }

  TEST_CASE("fine-tuning: with its moments a model goes on as if it had never stopped") {
    for (const auto optimizer : {OptimizerKind::adam, OptimizerKind::muon}) {
      Stones stones;
      stones.config.data.held_out = 0;
      stones.config.patience = 0;
      stones.config.train.schedule = Schedule::constant;
      stones.config.train.optimizer = optimizer;
      stones.config.precision = Precision::float64;
      // Every step takes the whole text, so that the second run takes what the steps of one long run would have taken.
      stones.config.train.batch_size = static_cast<int>(stones.begin().corpus().training.size());
      stones.config.train.steps = 9;
      stones.train("nine");
      stones.config.train.steps = 15;
      stones.train("fifteen");
      stones.config.from = (stones.folder / "nine").string();
      stones.config.train.steps = 6;
      stones.config.keep_moments = true;
      stones.train("six");
      const auto weights = [&](const char* run) {
        const auto values = load_newest_checkpoint(stones.folder / run).parameters<double>();
        return std::vector<double>(values.values().begin(), values.values().end());
      };
      CHECK(weights("six") == weights("fifteen"));
      stones.config.keep_moments = false;
      stones.train("fresh");
      CHECK(weights("fresh") != weights("fifteen"));
      const auto origin = load_newest_checkpoint(stones.folder / "six").training().from;
      REQUIRE(origin);
      CHECK(origin->step == 9);
      CHECK(origin->earlier_steps == 9);
      CHECK(origin->sha256 == load_newest_checkpoint(stones.folder / "nine").file().metadata().at("sha256"));
      CHECK(load_newest_checkpoint(stones.folder / "fresh").training().from->earlier_steps == 0);
      // And once more from there: the moments hold the updates of both.
      stones.config.keep_moments = true;
      stones.config.from = (stones.folder / "six").string();
      stones.train("again");
      CHECK(load_newest_checkpoint(stones.folder / "again").training().from->earlier_steps == 15);
    }
  }

  TEST_CASE("fine-tuning: a model of another shape, or without the moments asked for, is refused by name") {
    Tuned tuned;
    const std::string path = tuned.base().path().string();
    const auto refused = [&](const char* why) {
      const Failure failure = failure_of([&] { static_cast<void>(tuned.begin("refused")); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::data, {.what = "cannot begin with this model", .where = path, .hint = why}));
      CHECK(failure.is_one_line());
      CHECK(!fs::exists(tuned.folder / "refused"));
    };
    const ModelConfig model = tuned.config.model;
    tuned.config.model.n_layer = 2;
    refused("model.n_layer is 1 in it and 2 in the config");
    tuned.config.model = model;
    tuned.config.model.n_embd = 16;
    refused("model.n_embd is 8 in it and 16");
    tuned.config.model = model;
    tuned.config.model.n_head = 4;
    refused("model.n_head");
    tuned.config.model = model;
    tuned.config.model.activation = Activation::relu2;
    refused("model.activation");
    tuned.config.model = model;
    tuned.config.keep_moments = true;
    tuned.config.train.optimizer = OptimizerKind::muon;
    refused("train.optimizer");
    tuned.config.from = (tuned.folder / "nothing").string();
    CHECK(failure_of([&] { static_cast<void>(tuned.begin("refused")); }).names("nothing"));
  }
}
