// Attribution against the model with the part removed, and against sums written out one number at a time.
#include "microgpt/study/attribution.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("ledger: the parts of a logit add up to it") {
    Noise noise(311);
    for (int trial = 0; trial < 20; ++trial) {
      const Model model =
          random_model(noise, noise.whole(0, 3), trial % 2 == 0 ? Activation::relu : Activation::relu2);
      Batch batch;
      batch.add(random_document(model.config, noise, noise.whole(1, 6)));
      const Trace trace = run(model, batch);
      for (int position = 0; position < static_cast<int>(batch.positions()); ++position) {
        for (int target = 0; target < model.config.vocab_size; ++target) {
          const int contrast = target == 0 ? -1 : target - 1;
          const Ledger got = ledger(model, trace, position, target, contrast);
          CHECK_MESSAGE(std::abs(got.sum - got.logit) <= 1e-12 * (1 + std::abs(got.logit)),
                        describe(model.config), ": sum ", got.sum, ", logit ", got.logit);
          const Matrix<double> logits = trace.values(Site::logits);
          CHECK(got.logit == logits(position, target) - (contrast < 0 ? 0 : logits(position, contrast)));
          const std::size_t L = static_cast<std::size_t>(model.config.n_layer);
          CHECK(got.parts.size()
                == 2
                       + L
                             * (static_cast<std::size_t>(model.config.n_head * (position + 1)
                                                         + 4 * model.config.n_embd)));
          CHECK(got.stages.size() == 2 + 2 * L);
          double by_stage = 0;
          for (const LedgerPart& stage : got.stages) {
            by_stage += stage.value;
            if (!info(stage.at.site).in_layer) continue;
            const Matrix<double> wrote = trace.values(stage.at.site, stage.at.layer);
            double expected = 0;
            for (int c = 0; c < model.config.n_embd; ++c) {
              const double towards = model.parameters.lm_head()(target, c)
                                     - (contrast < 0 ? 0 : model.parameters.lm_head()(contrast, c));
              expected += towards * wrote(position, c);
            }
            CHECK_MESSAGE(std::abs(stage.value - expected) < 1e-12, to_string(stage.at), ": got ",
                          stage.value, ", expected ", expected);
          }
          CHECK(std::abs(by_stage - got.logit) <= 1e-12 * (1 + std::abs(got.logit)));
          for (std::size_t i = 1; i < got.parts.size(); ++i) {
            CHECK(std::abs(got.parts[i - 1].value) >= std::abs(got.parts[i].value));
          }
        }
      }
    }
  }

  TEST_CASE("ledger: a part of the last layer is what the logit loses without it") {
    Noise noise(312);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 5));
    const Trace trace = run(model, batch);
    const Ledger got = ledger(model, trace, 4, 2);
    const double whole = trace.values(Site::logits)(4, 2);
    int neurons = 0;
    for (const LedgerPart& part : got.parts) {
      if (part.at.site != Site::mlp_post || part.at.layer != 1) continue;
      ++neurons;
      // Nothing comes after a neuron of the last layer but lm_head.
      const Intervention without[] = {zero(part.at)};
      const double expected = whole - run(model, batch, without).values(Site::logits)(4, 2);
      CHECK_MESSAGE(std::abs(part.value - expected) < 1e-12, to_string(part.at), ": got ", part.value,
                    ", expected ", expected);
    }
    CHECK(neurons == 4 * model.config.n_embd);
  }

  TEST_CASE("ledger: what a head brings from a position, one number at a time") {
    Noise noise(313);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 4));
    const Trace trace = run(model, batch);
    const int D = model.config.head_size();
    const Ledger got = ledger(model, trace, 3, 1, 0);
    int heads = 0;
    for (const LedgerPart& part : got.parts) {
      if (part.at.site != Site::pattern) continue;
      ++heads;
      const int layer = part.at.layer;
      const int head = part.at.head.value();
      const Matrix<double> v = trace.values(Site::v, layer);
      const double weight = trace.head(Site::pattern, layer, head)(3, part.at.source.value());
      double expected = 0;
      for (int c = 0; c < model.config.n_embd; ++c) {
        double written = 0;  // into channel c of the residual stream
        for (int d = 0; d < D; ++d) {
          written += model.parameters.attn_wo(layer)(c, head * D + d) * weight
                     * v(part.at.source.value(), head * D + d);
        }
        expected += (model.parameters.lm_head()(1, c) - model.parameters.lm_head()(0, c)) * written;
      }
      CHECK_MESSAGE(std::abs(part.value - expected) < 1e-12, to_string(part.at), " from ",
                    part.at.source.value(), ": got ", part.value, ", expected ", expected);
    }
    CHECK(heads == 2 * model.config.n_head * 4);
  }

  TEST_CASE("lens: the last stage is the model, an earlier one the model without the rest") {
    Noise noise(314);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 5));
    const Trace trace = run(model, batch);
    const auto rows = logit_lens(model, trace, 3);
    REQUIRE(rows.size() == 5);
    const auto check = [&](const LensRow& row, const Trace& expected) {
      INFO(to_string(row.at));
      for (int t = 0; t < model.config.vocab_size; ++t) {
        const double p = expected.values(Site::probs)(3, t);
        CHECK(std::abs(row.probs[static_cast<std::size_t>(t)] - p) < 1e-14);
      }
      CHECK(std::abs(row.nll - expected.nll()[3]) < 1e-12);
    };
    check(rows[4], trace);
    // resid_mid of layer 1: the last MLP writes nothing.
    const Intervention no_mlp[] = {zero({.site = Site::mlp_out, .layer = 1})};
    check(rows[3], run(model, batch, no_mlp));
    std::vector<Intervention> no_layers;
    for (int i = 0; i < 2; ++i) {
      no_layers.push_back(zero({.site = Site::attn_out, .layer = i}));
      no_layers.push_back(zero({.site = Site::mlp_out, .layer = i}));
    }
    check(rows[0], run(model, batch, no_layers));
  }

  TEST_CASE("stream: lengths and angles, one number at a time") {
    Noise noise(315);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 3));
    const Trace trace = run(model, batch);
    const auto rows = residual_stream(trace, 2);
    REQUIRE(rows.size() == 3);
    const Matrix<double> stages[] = {trace.values(Site::embed_norm), trace.values(Site::resid_mid),
                                     trace.values(Site::resid_post)};
    const auto product = [&](int a, int b) {
      double sum = 0;
      for (int c = 0; c < model.config.n_embd; ++c) sum += stages[a](2, c) * stages[b](2, c);
      return sum;
    };
    for (int s = 0; s < 3; ++s) {
      CHECK(rows[static_cast<std::size_t>(s)].norm == doctest::Approx(std::sqrt(product(s, s))));
      CHECK(rows[static_cast<std::size_t>(s)].cosine_last
            == doctest::Approx(product(s, 2) / std::sqrt(product(s, s) * product(2, 2))));
      const int before = s == 0 ? 0 : s - 1;
      CHECK(rows[static_cast<std::size_t>(s)].cosine_before
            == doctest::Approx(product(s, before) / std::sqrt(product(s, s) * product(before, before))));
    }
  }

  TEST_CASE("attribution: positions and tokens that are not there are refused") {
    Noise noise(316);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 3));
    const Trace trace = run(model, batch);
    CHECK(failure_of([&] { (void)ledger(model, trace, 3, 0); }).names("the text has positions 0 to 2"));
    CHECK(failure_of([&] { (void)ledger(model, trace, -1, 0); }).names("bad position: -1"));
    CHECK(failure_of([&] { (void)ledger(model, trace, 0, 5); }).names("bad token: 5: there are 0 to 4"));
    CHECK(failure_of([&] { (void)ledger(model, trace, 0, 1, 9); }).names("bad token: 9"));
    CHECK(failure_of([&] { (void)logit_lens(model, trace, 7); }).names("bad position: 7"));
  }
}
