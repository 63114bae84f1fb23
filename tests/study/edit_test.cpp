// Parts switched off in the weights, and taken from another model: against interventions in the run.
#include "microgpt/study/edit.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/study/trace.hpp"
#include "support/errors.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE(
      "edit: a part whose weights are 0 is as good as 0 itself, head by head, neuron by neuron, channel by "
      "channel") {
    Noise noise(712);
    for (const OddModel& odd : odd_models(noise)) {
      const Model& model = odd.model;
      const Batch& batch = odd.batch;
      std::vector<Address> parts = {{.site = Site::embed_position},
                                    {.site = Site::embed_position, .position = 0},
                                    {.site = Site::embed_token, .channel = 0}};
      for (int i = 0; i < model.config.n_layer; ++i) {
        parts.push_back({.site = Site::attn_out, .layer = i});
        parts.push_back({.site = Site::attn_out, .layer = i, .channel = 1});
        parts.push_back({.site = Site::mlp_out, .layer = i});
        parts.push_back({.site = Site::z, .layer = i});
        parts.push_back({.site = Site::z, .layer = i, .head = model.config.n_head - 1});
        parts.push_back({.site = Site::z, .layer = i, .head = 0, .channel = 0});
        parts.push_back({.site = Site::q, .layer = i, .head = 0});
        parts.push_back({.site = Site::v, .layer = i, .head = model.config.n_head - 1});
        parts.push_back({.site = Site::mlp_pre, .layer = i, .neuron = 1});
        parts.push_back({.site = Site::mlp_post, .layer = i, .neuron = 2});
      }
      parts.push_back({.site = Site::logits, .token = 0});
      for (const Address& part : parts) {
        Model edited = model;
        set_zero(edited.parameters, written_by(part, model.config));
        const Intervention off[] = {zero(part)};
        const double expected = run(model, batch, off).loss();
        const double found = run(edited, batch).loss();
        CHECK_MESSAGE(std::abs(found - expected) < 1e-12, odd.name(), " without ", to_string(part), ": loss ",
                      found, ", expected ", expected);
      }
    }
  }

  TEST_CASE("edit: all parts of a layer taken from another model make its layer") {
    Noise noise(713);
    for (const OddModel& odd : odd_models(noise)) {
      const ModelConfig& config = odd.model.config;
      Parameters<double> mixed(config);
      for (int i = 0; i < config.n_layer; ++i) {
        for (int h = 0; h < config.n_head; ++h) {
          for (const Block& block : weights_of({.site = Site::z, .layer = i, .head = h}, config))
            copy_block(mixed, odd.model.parameters, block);
        }
        for (int n = 0; n < 4 * config.n_embd; ++n) {
          for (const Block& block : weights_of({.site = Site::mlp_post, .layer = i, .neuron = n}, config))
            copy_block(mixed, odd.model.parameters, block);
        }
      }
      for (const Site site : {Site::embed_token, Site::embed_position, Site::logits}) {
        for (const Block& block : weights_of({.site = site}, config))
          copy_block(mixed, odd.model.parameters, block);
      }
      CHECK_MESSAGE(
          std::equal(mixed.values().begin(), mixed.values().end(), odd.model.parameters.values().begin()),
          odd.name());
    }
  }

  TEST_CASE("edit: what weights do not have is refused") {
    const ModelConfig config{.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 8, .vocab_size = 5};
    for (const char* text :
         {"layer0.attn.pattern", "layer0.attn.scores[head 0]", "layer0.attn.norm", "layer0.resid_mid",
          "layer0.attn.z[head 0, position 1]", "embed", "probs", "layer0.mlp.out[position 2]"}) {
      CAPTURE(text);
      CHECK_THROWS_AS(static_cast<void>(written_by(parse_address(text, config), config)), Error);
    }
  }
}
