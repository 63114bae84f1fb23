#include "microgpt/evaluate/loss.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/evaluate/score.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/trainer.hpp"
#include "support/corpus.hpp"
#include "support/model.hpp"

TEST_SUITE("evaluate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kModel = {.n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = 6, .vocab_size = 10};

  /// Documents of 2 to 21 tokens, each between two BOS.
  std::vector<std::vector<Token>> random_documents(Noise& noise, int count) {
    std::vector<std::vector<Token>> documents;
    for (int d = 0; d < count; ++d) {
      auto tokens = noise.wholes(static_cast<std::size_t>(noise.whole(0, 19)), 0, 8);
      tokens.insert(tokens.begin(), 9);
      tokens.push_back(9);
      documents.push_back(tokens);
    }
    return documents;
  }

  }  // namespace

  TEST_CASE("loss: a document's is that of its windows one by one, for any number of threads") {
    Noise noise(221);
    const auto documents = random_documents(noise, 53);
    const auto parameters = random_parameters<double>(kModel, noise);
    const auto first = document_losses<double>(kModel, parameters, documents, 1);
    REQUIRE(first.size() == documents.size());
    for (std::size_t d = 0; d < documents.size(); ++d) {
      double expected = 0;
      for (std::size_t begin = 0; begin + 1 < documents[d].size(); begin += 6) {
        std::vector<Token> window(documents[d].begin() + static_cast<std::ptrdiff_t>(begin),
                                  documents[d].end());
        window.resize(std::min<std::size_t>(window.size(), 7));
        const Batch batch = batch_of({window});
        Activations<double> a(kModel, batch.positions());
        gpt_forward<double>(kModel, parameters, batch, a);
        for (Index p = 0; p < a.positions(); ++p) expected += a.nll()(p, 0);
      }
      CHECK(first[d].characters == documents[d].size() - 1);
      CHECK(std::abs(first[d].nats - expected) < 1e-12 * expected);
    }
    for (const int threads : {2, 5}) {
      const auto losses = document_losses<double>(kModel, parameters, documents, threads);
      for (std::size_t d = 0; d < documents.size(); ++d) CHECK(losses[d].nats == first[d].nats);
    }
  }

  TEST_CASE("loss: the token mean is what training calls the held-out loss") {
    Noise noise(222);
    const test::SmallText corpus(random_lines(noise, 300, 15, 9), 6);
    const auto split = split_dataset(corpus.dataset, {.long_documents = LongDocuments::split}, 6);
    const Examples& examples = split.training;
    TrainState<float> state(kModel);
    for (float& w : state.parameters.values()) w = static_cast<float>(noise.number(0.4));
    Trainer<float> trainer(kModel, {}, corpus.tokenizer, examples, state, 1);
    std::vector<std::vector<Token>> documents;
    for (std::size_t d = 0; d < corpus.documents.size(); ++d) documents.push_back(corpus.tokens(d, 1000));
    const auto summary = summarize(document_losses<float>(kModel, state.parameters, documents, 1));
    CHECK(summary.token_mean == doctest::Approx(trainer.evaluate(examples)).epsilon(1e-6));
    CHECK(summary.documents == 300);
  }

  TEST_CASE("loss: the summary of three documents by hand") {
    const std::vector<LossSum> documents = {{2, 1}, {6, 2}, {10, 5}};
    const auto summary = summarize(documents);
    CHECK(summary.documents == 3);
    CHECK(summary.characters == 8);
    CHECK(summary.token_mean == 18.0 / 8);
    CHECK(summary.document_mean == doctest::Approx((2.0 + 3.0 + 2.0) / 3).epsilon(1e-15));
    // Off the mean: 2 - 2.25, 6 - 4.5, 10 - 11.25.
    const double squares = 0.0625 + 2.25 + 1.5625;
    REQUIRE(summary.standard_error);
    CHECK(*summary.standard_error == doctest::Approx(std::sqrt(1.5 * squares) / 8).epsilon(1e-15));
    CHECK(!summarize(std::vector<LossSum>{{2, 1}}).standard_error);
  }

  TEST_CASE("loss: the standard error is how far the mean lies off over many draws") {
    // Documents whose characters share a difficulty: taken as independent characters, the error would come
    // out less than half of what it is.
    Noise noise(223);
    double squares = 0;
    double claimed = 0;
    constexpr int kRounds = 400;
    for (int round = 0; round < kRounds; ++round) {
      std::vector<LossSum> documents;
      for (int d = 0; d < 200; ++d) {
        const int n = noise.whole(1, 12);
        const double level = 2 + noise.number(1);
        LossSum loss;
        for (int i = 0; i < n; ++i) loss += {level + noise.number(0.1), 1};
        documents.push_back(loss);
      }
      const auto summary = summarize(documents);
      squares += (summary.token_mean - 2) * (summary.token_mean - 2);
      claimed += *summary.standard_error;
    }
    const double actual = std::sqrt(squares / kRounds);
    // 400 rounds know the actual one to about 4 %.
    CHECK(claimed / kRounds == doctest::Approx(actual).epsilon(0.15));
  }

  TEST_CASE("score: surprises are those of the forward pass, and slide with the window") {
    Noise noise(224);
    const auto parameters = random_parameters<double>(kModel, noise, 0.8);
    for (const std::size_t length : {1U, 2U, 6U, 7U, 8U, 25U}) {
      const auto tokens = noise.wholes(length, 0, 9);
      for (const int masked : {-1, 9}) {
        std::vector<int> list = tokens;
        if (masked == 9) {
          for (int& token : list) token %= 9;
        }
        const auto got = surprises<double>(kModel, parameters, list, masked);
        REQUIRE(got.size() == length - 1);
        std::vector<int> window;
        for (std::size_t i = 0; i + 1 < length; ++i) {
          if (window.size() == 6) window.erase(window.begin(), window.begin() + 3);
          window.push_back(list[i]);
          std::vector<int> read = window;
          read.push_back(0);
          const Batch batch = batch_of({read});
          Activations<double> a(kModel, batch.positions());
          gpt_forward<double>(kModel, parameters, batch, a);
          double total = 0;
          for (int t = 0; t < 10; ++t) {
            if (t != masked) total += std::exp(a.logits()(a.positions() - 1, t));
          }
          const double expected = std::log(total) - a.logits()(a.positions() - 1, list[i + 1]);
          CHECK(std::abs(got[i] - expected) < 1e-12);
        }
      }
    }
  }

  TEST_CASE("score: a surprise stays finite where the probability underflows") {
    const std::vector<float> logits = {0.0F, 2000.0F, -3e38F};
    CHECK(surprise<float>(logits, 0) == doctest::Approx(2000).epsilon(1e-12));
    CHECK(surprise<float>(logits, 1) == 0);
    CHECK(std::isfinite(surprise<float>(logits, 2)));
    CHECK(surprise<float>(logits, 0, 1) == doctest::Approx(0).epsilon(1e-12));
  }
}
