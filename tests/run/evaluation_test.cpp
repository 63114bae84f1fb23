// A model judged by whole texts and by single ones, against runs by lists and tables counted by hand.
#include "microgpt/run/evaluation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "support/errors.hpp"
#include "support/made_runs.hpp"

TEST_SUITE("run") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  std::vector<std::string> documents_of(std::span<const std::string_view> list) {
    return {list.begin(), list.end()};
  }

  /// A run on many different names, of which parts are held out.
  struct SplitRun : MadeRuns {
    std::vector<std::string> names;

    SplitRun() {
      Noise noise(61);
      std::string text;
      for (int i = 0; i < 60; ++i) {
        std::string name;
        for (int length = noise.whole(1, 8); length > 0; --length) {
          name += "aemn"[static_cast<std::size_t>(noise.whole(0, 3))];
        }
        text += name + '\n';
        names.push_back(name);
      }
      write_text(text);
      config.data.held_out = 0.25;
      config.data.test = 0.2;
      save("run", 5);
    }
    [[nodiscard]] Evaluation judge(const std::string& split, const std::string& data = "",
                                   int threads = 1) const {
      return evaluate_split(load("run", 5), data, split, threads);
    }
  };

  }  // namespace

  TEST_CASE("run: the losses of a split are those of runs by lists, whatever the number of threads") {
    const SplitRun run;
    const OwnText text = load_own_text(run.load("run", 5), "");
    std::size_t documents = 0, characters = 0;
    double nats = 0;
    for (const std::string split : {"train", "val", "test", "all"}) {
      CAPTURE(split);
      const Evaluation got = run.judge(split);
      CHECK(got.split == split);
      CHECK(got.own_text);
      CHECK(!got.stream);
      double expected = 0, means = 0;
      std::size_t n = 0;
      const auto list = documents_of(choose_split(split, text, run.config.data));
      std::vector<LossSum> losses;
      for (const std::string& name : list) {
        const auto nll = run.plain_run_of(5, name).nll;  // cut to the context of 6
        double sum = 0;
        for (const double one : nll) sum += one;
        expected += sum;
        n += nll.size();
        means += sum / static_cast<double>(nll.size());
        losses.push_back({sum, nll.size()});
      }
      CHECK(got.losses.documents == list.size());
      CHECK(got.losses.characters == n);
      const double r = expected / static_cast<double>(n);
      CHECK(got.losses.token_mean == doctest::Approx(r).epsilon(1e-9));
      CHECK(got.losses.document_mean
            == doctest::Approx(means / static_cast<double>(list.size())).epsilon(1e-9));
      double squares = 0;
      for (const LossSum& one : losses)
        squares += std::pow(one.nats - r * static_cast<double>(one.characters), 2);
      const auto m = static_cast<double>(list.size());
      CHECK(*got.losses.standard_error
            == doctest::Approx(std::sqrt(m / (m - 1) * squares) / static_cast<double>(n)).epsilon(1e-6));
      CHECK(run.judge(split, "", 3).losses.token_mean == got.losses.token_mean);
      if (split != "all") {
        documents += list.size();
        characters += n;
        nats += expected;
      } else {
        CHECK(documents == 60);
        CHECK(list.size() == documents);
        CHECK(n == characters);
        CHECK(expected == doctest::Approx(nats));
      }
    }
    CHECK(run.judge("").split == "val");
  }

  TEST_CASE("run: baselines are counted on the training part") {
    const SplitRun run;
    const OwnText text = load_own_text(run.load("run", 5), "");
    // Unigrams by Witten and Bell: (c(w) + t / V) / (n + t), of documents cut to the context.
    std::map<int, double> counts;
    double n = 0;
    for (const auto& name : documents_of(text.split.training)) {
      const auto tokens = run.tokens(name);
      for (std::size_t i = 1; i < tokens.size(); ++i, ++n) ++counts[tokens[i]];
    }
    const auto types = static_cast<double>(counts.size());
    double nats = 0, characters = 0;
    for (const auto& name : documents_of(text.split.held_out)) {
      const auto tokens = run.tokens(name);
      for (std::size_t i = 1; i < tokens.size(); ++i, ++characters) {
        nats -= std::log((counts[tokens[i]] + types / 5) / (n + types));
      }
    }
    const Evaluation val = run.judge("val");
    REQUIRE(val.baselines.size() == 6);
    CHECK(val.baselines[0].name == "uniform");
    CHECK(val.baselines[0].nats == doctest::Approx(std::log(5.0)));
    CHECK(val.baselines[1].name == "unigram");
    CHECK(val.baselines[1].nats == doctest::Approx(nats / characters).epsilon(1e-9));
    // On what they were counted on, longer tables are better, and long ones better than on anything else.
    const Evaluation train = run.judge("train");
    for (std::size_t i = 1; i < 6; ++i) CHECK(train.baselines[i].nats < train.baselines[i - 1].nats);
    CHECK(train.baselines[5].nats < val.baselines[5].nats);
  }

  TEST_CASE("run: another text is judged as a whole, and the run's own may have moved") {
    const SplitRun run;
    const Evaluation own = run.judge("");
    const std::string moved = (run.folder / "moved.txt").string();
    std::filesystem::rename(run.folder / "names.txt", moved);
    CHECK(run.judge("", moved).losses.token_mean == own.losses.token_mean);
    CHECK(run.judge("", moved).own_text);
    CHECK(failure_of([&] { (void)run.judge(""); }).fault == 3);

    const std::string other = (run.folder / "other.txt").string();
    write_bytes(other, "enna\nmam\n");
    const Evaluation without = run.judge("", other);
    CHECK(!without.own_text);
    CHECK(without.split == "all");
    CHECK(without.losses.documents == 2);
    CHECK(without.losses.characters == 9);
    CHECK(without.baselines.size() == 1);
    CHECK(!without.no_ngrams.empty());
    std::filesystem::copy_file(moved, run.folder / "names.txt");
    CHECK(run.judge("", other).baselines.size() == 6);
    CHECK(run.judge("", other).no_ngrams.empty());
    write_bytes(other, "enna\n");
    CHECK(!run.judge("", other).losses.standard_error);  // of one document there is none

    run.write_text(read_bytes(moved) + "x\n");
    const Failure changed = failure_of([&] { (void)run.judge(""); });
    CHECK(changed.is(Fault::data, {.where = (run.folder / "names.txt").string(), .hint = "--data"}));
  }

  TEST_CASE("run: what cannot be judged is refused by name") {
    MadeRuns run;
    run.save("run", 5);
    const Checkpoint checkpoint = run.load("run", 5);
    const auto check = [&](const std::string& data, const std::string& split, int fault,
                           const std::string& part) {
      const Failure failure = failure_of([&] { (void)evaluate_split(checkpoint, data, split, 1); });
      CAPTURE(failure.message);
      CHECK(failure.fault == fault);
      CHECK(failure.is_one_line());
      CHECK(failure.names(part));
    };
    check("", "val", 2, "data.held_out");
    check("", "test", 2, "data.test");
    check("", "some", 2, "some");
    write_bytes(run.folder / "strange.txt", "anna\n\xe2\x82\xac\n");
    check((run.folder / "strange.txt").string(), "", 3, "line 2, column 1, byte 5");
    check((run.folder / "nothing.txt").string(), "", 3, "nothing.txt");
    CHECK(evaluate_split(checkpoint, "", "", 1).split == "all");  // nothing was held out
    run.save("huge", 5, [](Parameters<double>& w) {
      w.mlp_fc1(1).setConstant(1e200);
      w.mlp_fc2(1).setConstant(1e200);
    });
    const Checkpoint huge = run.load("huge", 5);
    CHECK(failure_of([&] {
            (void)evaluate_split(huge, "", "", 1);
          }).is(Fault::numeric, {.where = "split all"}));
    const std::string texts[] = {"anna"};
    const Failure failure = failure_of([&] { (void)score_texts(huge, texts); });
    CHECK(failure.is(Fault::numeric, {.value = "'anna'", .hint = "layer1.mlp.out"}));
  }

  TEST_CASE("run: a stream is judged by its windows") {
    MadeRuns run;
    run.config.data.mode = DataMode::stream;
    run.write_text("annaemmaemanmaennanaamenannamaen");  // 32
    run.save("run", 5);
    const Evaluation got = evaluate_split(run.load("run", 5), "", "", 2);
    CHECK(got.stream);
    CHECK(got.losses.characters == 31);  // nothing predicts the first
    CHECK(got.losses.documents == 6);    // of 6, the last of 1
    CHECK(got.baselines[0].nats == doctest::Approx(std::log(4.0)));
    double nats = 0;
    const std::string text = "annaemmaemanmaennanaamenannamaen";
    const auto model = plain<double>(run.config.model, run.weights(5));
    for (std::size_t begin = 0; begin + 1 < text.size(); begin += 6) {
      std::vector<int> window;
      for (const char c : text.substr(begin, 7))
        window.push_back(static_cast<int>(std::string("aemn").find(c)));
      for (const double nll : plain_run(model, window).nll) nats += nll;
    }
    CHECK(got.losses.token_mean == doctest::Approx(nats / 31).epsilon(1e-9));
  }

  TEST_CASE("run: scores are the surprises of runs by lists, with the end of the text") {
    MadeRuns run;
    run.save("run", 5);
    const Checkpoint checkpoint = run.load("run", 5);
    const std::string texts[] = {"emma", "", "n"};
    const auto scores = score_texts(checkpoint, texts);
    REQUIRE(scores.size() == 3);
    for (std::size_t t = 0; t < 3; ++t) {
      const auto nll = run.plain_run_of(5, texts[t]).nll;
      CHECK(scores[t].text == texts[t]);
      CHECK(scores[t].ends);
      CHECK(scores[t].characters.size() == texts[t].size());
      REQUIRE(scores[t].nats.size() == nll.size());
      double total = 0;
      for (std::size_t i = 0; i < nll.size(); ++i) {
        CHECK(scores[t].nats[i] == doctest::Approx(nll[i]).epsilon(1e-9));
        total += nll[i];
      }
      CHECK(scores[t].total() == doctest::Approx(total));
      CHECK(scores[t].mean() == doctest::Approx(total / static_cast<double>(nll.size())));
    }
    // A text that outgrows the context is read as it is written.
    const std::string longer[] = {"annaemmaeman"};
    CHECK(score_texts(checkpoint, longer)[0].nats.size() == 13);
    // The sum over a split's lines is what its evaluation says.
    write_bytes(run.folder / "few.txt", "emma\nnana\n");
    const std::string few[] = {"emma", "nana"};
    const auto parts = score_texts(checkpoint, few);
    const Evaluation whole = evaluate_split(checkpoint, (run.folder / "few.txt").string(), "", 1);
    CHECK(parts[0].total() + parts[1].total() == doctest::Approx(10 * whole.losses.token_mean));

    const auto refused = [&](const std::string& text) {
      const std::string one[] = {text};
      return failure_of([&] { (void)score_texts(checkpoint, one); });
    };
    CHECK(refused("\xff").fault == 2);
    CHECK(refused("\xe2\x82\xac").fault == 3);
    CHECK(refused("\xe2\x82\xac").names("aemn"));  // which characters it has
    run.config.data.mode = DataMode::stream;
    run.save("stream", 5);
    const Checkpoint stream = run.load("stream", 5);
    const std::string empty[] = {""};
    CHECK(failure_of([&] { (void)score_texts(stream, empty); }).fault == 2);
    const std::string emma[] = {"emma"};
    CHECK(!score_texts(stream, emma)[0].ends);
    CHECK(score_texts(stream, emma)[0].nats.size() == 4);
  }
}
