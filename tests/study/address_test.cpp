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
    const auto why = [](const std::string& text) {
      const Failure failure = failure_of([&] { (void)parse_address(text, kConfig); });
      CHECK(failure.fault == static_cast<int>(Fault::usage));
      CHECK(failure.is_one_line());
      return failure.message;
    };
    CHECK(why("layer2.attn.q") == "bad address: 'layer2.attn.q': there is no layer 2: the model has 0 to 1");
    CHECK(why("layer0.attn.patern")
              .starts_with("bad address: 'layer0.attn.patern': no such site: there are embed.token, "));
    CHECK(why("attn.q").find("no such site") != std::string::npos);
    CHECK(why("layer0.logits").find("no such site") != std::string::npos);
    CHECK(why("layer0").find("a layer needs a site") != std::string::npos);
    CHECK(why("layerx.attn.q") == "bad address: 'layerx.attn.q': 'layerx' is no layer: write layer0");
    CHECK(why("layer-1.attn.q").find("is no layer") != std::string::npos);
    CHECK(why("logits[token 7]") == "bad address: 'logits[token 7]': there is no token 7: there are 0 to 6");
    CHECK(why("logits[head 0]") == "bad address: 'logits[head 0]': logits has no heads");
    CHECK(why("layer0.attn.q[source 1]")
          == "bad address: 'layer0.attn.q[source 1]': layer0.attn.q has no sources");
    CHECK(why("layer0.attn.q[head 1, channel 4]").find("there is no channel 4: there are 0 to 3")
          != std::string::npos);
    CHECK(why("layer0.attn.q[channel 4, head 1]").find("there is no channel 4") != std::string::npos);
    CHECK(why("layer0.attn.q[head 3]").find("there is no head 3: there are 0 to 2") != std::string::npos);
    CHECK(why("embed[position 5]").find("there is no position 5: there are 0 to 4") != std::string::npos);
    CHECK(why("embed[position 1, position 1]").find("position is given twice") != std::string::npos);
    CHECK(why("embed[position -1]").find("position takes a number from 0") != std::string::npos);
    CHECK(why("embed[position]").find("is no index") != std::string::npos);
    CHECK(why("embed[]").find("is no index") != std::string::npos);
    CHECK(why("embed[place 1]").find("'place 1' is no index") != std::string::npos);
    CHECK(why("embed[position 1").find("the bracket does not close") != std::string::npos);
    CHECK(why("embed[position 99999999999]").find("takes a number") != std::string::npos);
    CHECK(why("").find("no such site") != std::string::npos);
  }
}
