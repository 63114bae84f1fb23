#include "microgpt/train/shards.hpp"

#include <doctest/doctest.h>

#include "support/corpus.hpp"
#include "support/model.hpp"

TEST_SUITE("train") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// The smallest that all threads work together; its heads are narrow, of a vector or wide.
  ModelConfig large_model(int heads) {
    return {
        .n_layer = 1, .n_embd = heads == 7 ? 224 : 208, .n_head = heads, .block_size = 90, .vocab_size = 9};
  }

  const ModelConfig kModel = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 20, .vocab_size = 8};

  struct Whole {
    double loss = 0;
    double nll = 0;
    std::size_t positions = 0;
    Numbers gradient;
  };

  /// The same in one batch, without shards.
  Whole whole(const ModelConfig& model, const SmallText& corpus, const Parameters<double>& parameters,
              std::size_t documents, LossMean mean) {
    Batch batch;
    for (std::size_t d = 0; d < documents; ++d) batch.add(corpus.tokens(d, model.block_size));
    Numbers weight;
    for (std::size_t d = 0; d < documents; ++d) {
      const int n = batch.offsets[d + 1] - batch.offsets[d];
      const double share = mean == LossMean::document ? 1.0 / (n * static_cast<double>(documents))
                                                      : 1.0 / static_cast<double>(batch.positions());
      weight.insert(weight.end(), static_cast<std::size_t>(n), share);
    }
    Activations<double> a(model, batch.positions());
    Activations<double> da(model, batch.positions());
    Parameters<double> gradient(model);
    gpt_forward<double>(model, parameters, batch, a, Kernels::readable);
    gpt_backward<double>(model, parameters, batch, weight, a, da, gradient, Kernels::readable);
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

  TEST_CASE("shards: loss and summed gradient are those of the whole batch") {
    Noise noise(71);
    const SmallText corpus(random_lines(noise, 150, 30, 7), kModel.block_size);
    const auto parameters = random_parameters<double>(kModel, noise);
    std::vector<Example> examples;
    for (std::size_t i = 0; i < corpus.examples.size(); ++i) examples.push_back(corpus.examples[i]);

    ThreadTeam team(3);
    Shards<double> shards(kModel, corpus.tokenizer, 150, team);
    // 1 to 16 shards, growing and shrinking: nothing may be left of a larger batch.
    for (const std::size_t documents : {150U, 1U, 8U, 9U, 17U, 24U, 40U, 63U, 64U, 65U, 149U, 7U}) {
      const std::span<const Example> some = std::span(examples).first(documents);
      for (const LossMean mean : {LossMean::document, LossMean::token}) {
        const Whole expected = whole(kModel, corpus, parameters, documents, mean);
        INFO(documents, " documents, mean by ", (mean == LossMean::document ? "document" : "token"));
        const double loss = shards.loss_and_gradient(parameters, some, mean);
        CHECK_MESSAGE(std::abs(loss - expected.loss) < 1e-13 * expected.loss, "got ", loss, ", expected ",
                      expected.loss);
        CHECK(shards.positions() == expected.positions);
        CHECK(difference(shards.gradient(), expected.gradient) < 1e-13);

        const LossSum sum = shards.loss(parameters, some);
        CHECK_MESSAGE(std::abs(sum.nats - expected.nll) < 1e-13 * expected.nll, "got ", sum.nats,
                      ", expected ", expected.nll);
        CHECK(sum.characters == expected.positions);
      }
    }
  }

  TEST_CASE("shards: a large model has the loss and gradient of the whole batch, whoever works it") {
    for (const int heads : {2, 7, 13}) {
      const ModelConfig model = large_model(heads);
      REQUIRE(is_large(model));
      Noise noise(75);
      std::vector<std::string> lines = random_lines(noise, 60, 100, 8);
      if (heads != 2) {
        // 193 or 194 positions: one or two more than the shares of threads begin at.
        lines[1] = lines[2] = std::string(45, 'a') + std::string(50, 'c');
        lines[3] = heads == 7 ? "hag" : "hage";
      }
      const SmallText corpus(lines, model.block_size);
      const auto parameters = random_parameters<double>(model, noise, 0.1);
      Parameters<float> single(model);
      std::copy(parameters.values().begin(), parameters.values().end(), single.values().begin());
      std::vector<Example> examples;
      for (std::size_t i = 0; i < corpus.examples.size(); ++i) examples.push_back(corpus.examples[i]);

      const std::size_t documents = heads == 2 ? 25 : 4;  // two shards, and one
      const std::span<const Example> some = std::span(examples).first(documents);
      const Whole expected = whole(model, corpus, parameters, documents, LossMean::document);
      REQUIRE(shard_count(expected.positions, true) == (heads == 2 ? 2 : 1));
      Numbers alone;
      for (const int threads : {1, 3}) {
        INFO(heads, " heads, ", threads, " threads");
        ThreadTeam team(threads);
        Shards<double> shards(model, corpus.tokenizer, documents, team);
        const double loss = shards.loss_and_gradient(parameters, some, LossMean::document);
        CHECK_MESSAGE(std::abs(loss - expected.loss) < 1e-13 * expected.loss, "got ", loss, ", expected ",
                      expected.loss);
        CHECK(difference(shards.gradient(), expected.gradient) < 1e-12);

        Shards<float> fast(model, corpus.tokenizer, documents, team);
        CHECK(std::abs(fast.loss_and_gradient(single, some, LossMean::document) - expected.loss)
              < 1e-5 * expected.loss);
        CHECK(difference(fast.gradient(), expected.gradient) < 1e-4);
        Numbers all = as<double>(fast.gradient());
        all.insert(all.end(), shards.gradient().begin(), shards.gradient().end());
        if (threads == 1) alone = all;
        CHECK(all == alone);  // the same bytes
        const LossSum sum = fast.loss(single, some);
        CHECK_MESSAGE(std::abs(sum.nats - expected.nll) < 1e-5 * expected.nll, "got ", sum.nats,
                      ", expected ", expected.nll);
      }
    }
  }

  TEST_CASE("shards: a batch is cut into nearly equal shares by its positions alone") {
    Noise noise(73);
    for (int trial = 0; trial < 200; ++trial) {
      Batch batch;
      const bool large = trial % 2 == 1;
      const int documents = noise.whole(1, 300);
      const int longest = noise.whole(1, 100);
      for (int d = 0; d < documents; ++d) {
        batch.add(std::vector<int>(static_cast<std::size_t>(noise.whole(1, longest)) + 1));
      }
      std::vector<Shard> shards(3);  // of an earlier batch
      cut_into_shards(batch, large, shards);
      const std::size_t count = shard_count(batch.positions(), large);
      INFO(documents, " documents of at most ", longest, ": ", batch.positions(), " positions");
      CHECK(shards.size() <= count);
      const auto room =
          shard_room(static_cast<std::size_t>(documents), static_cast<std::size_t>(longest), large);
      const double share = static_cast<double>(batch.positions()) / static_cast<double>(count);
      std::size_t next = 0;
      for (const Shard& shard : shards) {
        CHECK(shard.begin == next);
        CHECK(shard.end > shard.begin);
        next = shard.end;
        const int positions = batch.offsets[shard.end] - batch.offsets[shard.begin];
        CHECK_MESSAGE(positions < share + longest, "a shard of ", positions, " positions, a share is ",
                      share);
        CHECK(static_cast<std::size_t>(positions) <= room);
      }
      CHECK(next == batch.documents());
    }
    const auto expected = std::vector<std::size_t>{1, 1, 1, 2, 4, 8, 64, 64};
    const auto positions = std::vector<std::size_t>{0, 1, 191, 192, 448, 768, 8192, 1'000'000};
    for (std::size_t i = 0; i < positions.size(); ++i) {
      CHECK_MESSAGE(shard_count(positions[i], false) == expected[i], positions[i], " positions: got ",
                    shard_count(positions[i], false), ", expected ", expected[i]);
    }
  }

  TEST_CASE("shards: an example may go on from another and need not end") {
    // One of opens and closes at a time; the tokens are the text's, with BOS only where it says.
    Noise noise(72);
    const SmallText corpus(random_lines(noise, 1, 7, 7), kModel.block_size);  // abcdefg
    const auto parameters = random_parameters<double>(kModel, noise);
    const int bos = corpus.tokenizer.bos();
    const Example middle = {"bcdef", false, false};
    const Example opening = {"bcdef", true, false};
    const Example closing = {"bcdef", false, true};
    const std::vector<std::pair<Example, std::vector<int>>> cases = {
        {middle, {1, 2, 3, 4, 5}}, {opening, {bos, 1, 2, 3, 4, 5}}, {closing, {1, 2, 3, 4, 5, bos}}};
    ThreadTeam team(1);
    Shards<double> shards(kModel, corpus.tokenizer, 1, team);
    for (const auto& [example, tokens] : cases) {
      const Batch batch = batch_of({tokens});
      Activations<double> a(kModel, batch.positions());
      gpt_forward<double>(kModel, parameters, batch, a);
      double expected = 0;
      for (Index p = 0; p < a.positions(); ++p) expected += a.nll()(p, 0);
      const LossSum got = shards.loss(parameters, {&example, 1});
      CHECK(got.characters == batch.positions());
      CHECK_MESSAGE(std::abs(got.nats - expected) < 1e-13 * expected, "got ", got.nats, ", expected ",
                    expected);
    }
  }
}
