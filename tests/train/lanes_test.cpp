#include "microgpt/train/lanes.hpp"

#include <doctest/doctest.h>

#include "support/corpus.hpp"
#include "support/model.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kModel = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 6, .vocab_size = 8};

  struct Whole {
    double loss = 0;
    double nll = 0;
    std::size_t positions = 0;
    Numbers gradient;
  };

  /// The same in one batch, without lanes.
  Whole whole(const Corpus& corpus, const Parameters<double>& parameters, std::size_t documents,
              LossMean mean) {
    Batch batch;
    for (std::size_t d = 0; d < documents; ++d) batch.add(corpus.tokens(d, kModel.block_size));
    Numbers weight;
    for (std::size_t d = 0; d < documents; ++d) {
      const int n = batch.offsets[d + 1] - batch.offsets[d];
      const double share = mean == LossMean::document ? 1.0 / (n * static_cast<double>(documents))
                                                      : 1.0 / static_cast<double>(batch.positions());
      weight.insert(weight.end(), static_cast<std::size_t>(n), share);
    }
    Activations<double> a(kModel, batch.positions());
    Activations<double> da(kModel, batch.positions());
    Parameters<double> gradient(kModel);
    gpt_forward<double>(kModel, parameters, batch, a);
    gpt_backward<double>(kModel, parameters, batch, weight, a, da, gradient);
    Whole w;
    w.positions = batch.positions();
    w.gradient = as<double>(gradient.values());
    for (std::size_t p = 0; p < weight.size(); ++p) {
      w.loss += weight[p] * a.nll()(static_cast<Index>(p), 0);
      w.nll += a.nll()(static_cast<Index>(p), 0);
    }
    return w;
  }

  }  // namespace

  TEST_CASE("lanes: loss and summed gradient are those of the whole batch") {
    Noise noise(71);
    const Corpus corpus(random_lines(noise, 80, 9, 7), kModel.block_size);
    const auto parameters = random_parameters<double>(kModel, noise);
    std::vector<Example> examples;
    for (std::size_t i = 0; i < corpus.examples.size(); ++i) examples.push_back(corpus.examples[i]);

    ThreadTeam team(3);
    Lanes<double> lanes(kModel, corpus.tokenizer, 80, team);
    // 1 to 10 lanes, growing and shrinking: nothing may be left of a larger batch.
    for (const std::size_t documents : {80U, 1U, 8U, 9U, 17U, 24U, 40U, 63U, 64U, 65U, 72U, 7U}) {
      const std::span<const Example> some = std::span(examples).first(documents);
      for (const LossMean mean : {LossMean::document, LossMean::token}) {
        const Whole expected = whole(corpus, parameters, documents, mean);
        INFO(documents, " documents, mean by ", (mean == LossMean::document ? "document" : "token"));
        const double loss = lanes.loss_and_gradient(parameters, some, mean);
        CHECK_MESSAGE(std::abs(loss - expected.loss) < 1e-13 * expected.loss, "got ", loss, ", expected ",
                      expected.loss);
        CHECK(lanes.positions() == expected.positions);
        // In two stretches, as two threads would.
        const std::size_t size = parameters.values().size();
        lanes.sum_gradients(100, size - 100);
        lanes.sum_gradients(0, 100);
        CHECK(difference(lanes.gradient(), expected.gradient) < 1e-13);

        const LossSum sum = lanes.loss(parameters, some);
        CHECK_MESSAGE(std::abs(sum.nll - expected.nll) < 1e-13 * expected.nll, "got ", sum.nll, ", expected ",
                      expected.nll);
        CHECK(sum.positions == expected.positions);
      }
    }
  }

  TEST_CASE("lanes: an example may go on from another and need not end") {
    // One of opens and closes at a time; the tokens are the text's, with BOS only where it says.
    Noise noise(72);
    const Corpus corpus(random_lines(noise, 1, 7, 7), kModel.block_size);  // abcdefg
    const auto parameters = random_parameters<double>(kModel, noise);
    const int bos = corpus.tokenizer.bos();
    const Example middle = {"bcdef", false, false};
    const Example opening = {"bcdef", true, false};
    const Example closing = {"bcdef", false, true};
    const std::vector<std::pair<Example, std::vector<int>>> cases = {
        {middle, {1, 2, 3, 4, 5}}, {opening, {bos, 1, 2, 3, 4, 5}}, {closing, {1, 2, 3, 4, 5, bos}}};
    ThreadTeam team(1);
    Lanes<double> lanes(kModel, corpus.tokenizer, 1, team);
    for (const auto& [example, tokens] : cases) {
      const Batch batch = batch_of({tokens});
      Activations<double> a(kModel, batch.positions());
      gpt_forward<double>(kModel, parameters, batch, a);
      double expected = 0;
      for (Index p = 0; p < a.positions(); ++p) expected += a.nll()(p, 0);
      const LossSum got = lanes.loss(parameters, {&example, 1});
      CHECK(got.positions == batch.positions());
      CHECK_MESSAGE(std::abs(got.nll - expected) < 1e-13 * expected, "got ", got.nll, ", expected ",
                    expected);
    }
  }
}
