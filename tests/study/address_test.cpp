#include "microgpt/study/address.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {
  const ModelConfig kConfig = {.n_layer = 2, .n_embd = 12, .n_head = 3, .block_size = 5, .vocab_size = 7};
  }  // namespace

  TEST_CASE("address: what is written is what is read") {
    for (const char* text :
         {"embed", "embed.norm[position 4, channel 11]", "layer0.resid_pre", "layer1.attn.q[head 2]",
          "layer1.attn.q[head 2, channel 3]", "layer1.attn.q[channel 11]",
          "layer0.attn.pattern[head 0, position 3, source 1]", "layer0.mlp.post[position 0, neuron 47]",
          "layer1.mlp.out", "logits[position 2, token 6]", "probs"}) {
      CHECK(to_string(parse_address(text, kConfig)) == text);
    }
    // Spaces and order are free.
    CHECK(to_string(parse_address("  layer0.attn.pattern [ source 1,position 3 , head 0]", kConfig))
          == "layer0.attn.pattern[head 0, position 3, source 1]");
  }

  TEST_CASE("address: every site is found by its name") {
    for (const SiteInfo& site : kSites) {
      const Address address = parse_address(site_name(site.site, site.in_layer ? 1 : 0), kConfig);
      CHECK(address.site == site.site);
      CHECK(&info(site.site) == &site);
    }
  }

  TEST_CASE("address: what is not there is refused with what is") {
    const auto refused = [](const std::string& text, const std::string& hint) {
      const Failure failure = failure_of([&] { (void)parse_address(text, kConfig); });
      CAPTURE(failure.message);
      CHECK(failure.is(Fault::usage, {.what = "bad address", .value = "'" + text + "'", .hint = hint}));
      CHECK(failure.is_one_line());
    };
    refused("layer2.attn.q", "0 to 1");
    refused("layer0.attn.patern", "embed.token, ");
    refused("attn.q", "embed.token, ");
    refused("layer0.logits", "embed.token, ");
    refused("layer0", "embed.token, ");
    refused("layerx.attn.q", "layer0");
    refused("layer-1.attn.q", "layer0");
    refused("logits[token 7]", "0 to 6");
    refused("logits[head 0]", "heads");
    refused("layer0.attn.q[source 1]", "sources");
    refused("layer0.attn.q[head 1, channel 4]", "0 to 3");
    refused("layer0.attn.q[channel 4, head 1]", "channel 4");
    refused("layer0.attn.q[head 3]", "0 to 2");
    refused("embed[position 5]", "0 to 4");
    refused("embed[position 1, position 1]", "position");
    refused("embed[position -1]", "position");
    refused("embed[position]", "[head 0, position 2]");
    refused("embed[]", "[head 0, position 2]");
    refused("embed[place 1]", "'place 1'");
    refused("embed[position 1", "bracket");
    refused("embed[position 99999999999]", "position");
    refused("", "embed.token, ");
  }
}
