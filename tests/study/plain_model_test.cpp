// Runs of the study against the model on lists: first that one against Python, then every number and every
// slope, with and without interventions.
#include "support/plain_model.hpp"

#include <doctest/doctest.h>

#include "microgpt/config/run_config.hpp"
#include "microgpt/train/trainer.hpp"
#include "support/golden.hpp"
#include "support/odd_models.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  using Complex = std::complex<double>;
  constexpr double kStep = 1e-40;

  /// Adds i h to one number of a site.
  Change<Complex> nudge(const std::string& site, std::size_t row, std::size_t column) {
    return [=](const std::string& name, Rows<Complex>& values) {
      if (name == site) values[row][column] += Complex(0, kStep);
    };
  }

  void check_against_python(const std::string& name, const std::string& text, const std::string& config_file,
                            std::vector<std::string> settings) {
    const Golden golden = load_golden(name);
    settings.push_back("train.steps=" + std::to_string(golden.losses.size()));
    RunConfig config = load_run_config(repository_file("configs/" + config_file), settings);
    Rng rng(config.seed);
    const auto corpus = microgpt::Corpus::make(
        Dataset::load(repository_file("tests/golden/" + text), config.data.mode, ByteOrderMark::keep),
        config.data, static_cast<std::size_t>(config.model.block_size), rng);
    config.model.vocab_size = corpus.tokenizer.vocab_size();
    TrainState<double> state(config.model);
    initialize(state.parameters, config.init, rng);
    Trainer<double> trainer(config.model, config.train, corpus.tokenizer, corpus.training, state, 1);
    for (std::size_t step = 0; step < golden.losses.size(); ++step) {
      const std::vector<int> tokens = corpus.tokenizer.encode(corpus.training[step]);
      const double loss = plain_run(plain<double>(config.model, state.parameters), tokens).loss();
      CHECK_MESSAGE(std::abs(loss - golden.losses[step]) < 1e-9 * golden.losses[step], name, ", step ", step,
                    ": got ", loss, ", expected ", golden.losses[step]);
      trainer.step();
    }
  }

  }  // namespace

  TEST_CASE("plain model: every loss of Python's runs, from weights trained that far") {
    check_against_python(
        "no-layer", "words.txt", "course.json",
        {"seed=1", "model.n_layer=0", "model.n_embd=8", "model.n_head=2", "model.block_size=6"});
    check_against_python("one-letter", "one.txt", "microgpt.json", {});
    check_against_python("unicode-course", "unicode.txt", "course.json", {"seed=7"});
    check_against_python(
        "three-layers", "words.txt", "microgpt.json",
        {"seed=123456789012", "model.n_layer=3", "model.n_embd=12", "model.n_head=3", "model.block_size=10"});
  }

  TEST_CASE("trace: every number of every site is the plain model's") {
    Noise noise(351);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace trace = run(odd.model, odd.batch);
      const auto expected = odd.run();
      each_site(odd.model.config, [&](Site site, int layer, std::optional<int> head) {
        for (std::size_t d = 0; d < expected.size(); ++d) {
          check_site(trace, expected[d], site, layer, head, d);
        }
      });
      const Numbers nll = odd.nll();
      CHECK(difference(trace.nll(), nll) < 1e-12);
      double mean = 0;
      for (const double one : nll) mean += one / static_cast<double>(nll.size());
      CHECK(is_near(trace.loss(), mean));
    }
  }

  TEST_CASE("trace: whatever is set, all that follows is the plain model's with the same set") {
    Noise noise(352);
    for (const OddModel& odd : odd_models(noise)) {
      each_site(odd.model.config, [&](Site site, int layer, std::optional<int> head) {
        // One position, with numbers of its own in every column.
        const auto position = static_cast<std::size_t>(noise.whole(0, odd.model.config.block_size - 1));
        const Numbers fixed = noise.numbers(64, 2);
        Address at = {.site = site, .layer = layer};
        at.position = static_cast<int>(position);
        at.head = head;
        const Intervention set[] = {
            {at, [&](const Element& e) { return fixed[static_cast<std::size_t>(e.column)]; }}};
        const Trace trace = study::run(odd.model, odd.batch, set);
        const auto expected = odd.run([&](const std::string& name, Rows<double>& values) {
          if (name != plain_name(site, layer, head) || position >= values.size()) return;
          for (std::size_t c = 0; c < values[position].size(); ++c) values[position][c] = fixed[c];
        });
        INFO("set: ", to_string(at));
        bool reached = false;
        each_site(odd.model.config, [&](Site other, int i, std::optional<int> h) {
          // resid_post of a layer, resid_pre of the next, and embed.norm before the first are one vector: it
          // is shown as changed under each of its names.
          const bool same_vector =
              site == Site::resid_pre
              && ((layer == 0 && other == Site::embed_norm) || (other == Site::resid_post && i == layer - 1));
          reached = reached || other == site;
          if (same_vector) return;
          for (std::size_t d = 0; d < expected.size(); ++d) check_site(trace, expected[d], other, i, h, d);
        });
        CHECK(reached);
      });
    }
  }

  TEST_CASE("gradients: of chosen weights of every tensor, the plain model's slopes") {
    Noise noise(353);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace trace = run(odd.model, odd.batch, {}, true);
      PlainModel<Complex> model = plain<Complex>(odd.model.config, odd.model.parameters);
      const auto positions = static_cast<double>(odd.batch.positions());
      for (std::size_t t = 0; t < trace.weight_gradient().table().size(); ++t) {
        const TensorSpec& tensor = trace.weight_gradient().table()[t];
        for (int trial = 0; trial < 4; ++trial) {
          const int row = noise.whole(0, static_cast<int>(tensor.rows) - 1);
          const int column = noise.whole(0, static_cast<int>(tensor.cols) - 1);
          Complex& w =
              model.weights.at(tensor.name)[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
          w += Complex(0, kStep);
          double expected = 0;
          for (const auto& tokens : odd.documents) {
            for (const Complex& one : plain_run(model, tokens).nll)
              expected += one.imag() / kStep / positions;
          }
          w = w.real();
          const double got = trace.weight_gradient().tensor(t)(row, column);
          CHECK_MESSAGE(is_near(got, expected), odd.name(), ": ", tensor.name, "[", row, ",", column,
                        "]: got ", got, ", expected ", expected);
        }
      }
    }
  }

  TEST_CASE("gradients: of chosen numbers of every site, the plain model's slopes, after a change too") {
    Noise noise(354);
    for (const OddModel& odd : odd_models(noise)) {
      const PlainModel<Complex> model = plain<Complex>(odd.model.config, odd.model.parameters);
      const auto positions = static_cast<double>(odd.batch.positions());
      // With the last head of the first layer taken away, what comes after it has other slopes.
      for (const bool changed : {false, true}) {
        if (changed && odd.model.config.n_layer == 0) continue;
        const int D = odd.model.config.head_size();
        Address z = {.site = Site::z, .layer = 0};
        z.head = odd.model.config.n_head - 1;
        std::vector<Intervention> without;
        if (changed) without.push_back(zero(z));
        const Trace trace = run(odd.model, odd.batch, without, true);
        each_site(odd.model.config, [&](Site site, int layer, std::optional<int> head) {
          if (site == Site::probs) return;  // nothing follows it: the loss comes from the logits
          const bool before = !info(site).in_layer ? site != Site::logits : layer == 0 && site <= Site::z;
          if (changed && before) return;  // docs/study.md promises nothing of these
          const std::size_t d = static_cast<std::size_t>(noise.whole(0, 4));
          const int n = odd.batch.offsets[d + 1] - odd.batch.offsets[d];
          const int row = noise.whole(0, n - 1);
          const Matrix<double> gradient =
              head ? trace.head_gradient(site, layer, *head, d) : trace.gradient(site, layer);
          const int column = noise.whole(0, head ? row : static_cast<int>(gradient.cols()) - 1);
          const auto move = nudge(plain_name(site, layer, head), static_cast<std::size_t>(row),
                                  static_cast<std::size_t>(column));
          const Change<Complex> change = [&](const std::string& name, Rows<Complex>& values) {
            if (changed && name == "layer0.attn.z") {
              for (auto& one : values) {
                for (int c = *z.head * D; c < (*z.head + 1) * D; ++c) one[static_cast<std::size_t>(c)] = 0;
              }
            }
            move(name, values);
          };
          double expected = 0;
          for (const Complex& one : plain_run(model, odd.documents[d], change).nll) {
            expected += one.imag() / kStep / positions;
          }
          const double got = gradient((head ? 0 : odd.batch.offsets[d]) + row, column);
          CHECK_MESSAGE(is_near(got, expected), odd.name(), changed ? " without a head: " : ": ",
                        plain_name(site, layer, head), " at row ", row, " column ", column, ": got ", got,
                        ", expected ", expected);
        });
      }
    }
  }
}
