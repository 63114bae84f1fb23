#include "microgpt/model/sites.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"
#include "support/model.hpp"

TEST_SUITE("model") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const ModelConfig kTwoLayers = {.n_layer = 2, .n_embd = 6, .n_head = 3, .block_size = 5, .vocab_size = 7};

  std::vector<std::string> site_names(int n_layer) {
    std::vector<std::string> names;
    each_site(n_layer, [&](Site site, int layer) { names.push_back(site_name(site, layer)); });
    return names;
  }

  /// What it is told of.
  struct Listening {
    std::vector<std::string>& told;
    void operator()(Site site, int layer = 0) const { told.push_back(site_name(site, layer)); }
  };

  }  // namespace

  TEST_CASE("sites: the list is in the order of the enumeration, and names its members") {
    for (std::size_t i = 0; i < kSites.size(); ++i) CHECK(kSites[i].site == static_cast<Site>(i));
    CHECK(site_name(Site::q, 3) == "layer3.attn.q");
    CHECK(site_name(Site::logits, 0) == "logits");
    CHECK(hook_name(Site::q, 3) == "blocks.3.attn.hook_q");
    CHECK(site_names(0)
          == std::vector<std::string>{"embed.token", "embed.position", "embed", "embed.norm", "logits",
                                      "probs"});
    CHECK(site_names(2).size() == 6 + 2 * 15);
    CHECK(site_names(2)[4] == "layer0.resid_pre");
    CHECK(site_names(2)[19] == "layer1.resid_pre");
  }

  TEST_CASE("sites: the forward pass tells a tap of every site in their order") {
    Noise noise(11);
    for (const int layers : {0, 1, 2}) {
      ModelConfig config = kTwoLayers;
      config.n_layer = layers;
      const auto parameters = random_parameters<double>(config, noise);
      const Batch batch = batch_of({random_document(config, noise, 4), random_document(config, noise, 5)});
      Activations<double> a(config, batch.positions());
      a.reshape(batch);
      std::vector<std::string> told;
      forward_pass<ReadableOps<double>>(config, parameters, batch, a, {}, Listening{told});
      std::vector<std::string> expected = site_names(layers);
      expected.erase(expected.begin(), expected.begin() + 2);  // the terms of embed, which are not kept
      CHECK(told == expected);

      Activations<double> plain(config, batch.positions());
      plain.reshape(batch);
      forward_pass<ReadableOps<double>>(config, parameters, batch, plain);
      CHECK(a.nll() == plain.nll());
      CHECK(a.logits() == plain.logits());
    }
  }

  TEST_CASE("sites: activations have the values of each where their own names have them") {
    Noise noise(12);
    const Batch batch =
        batch_of({random_document(kTwoLayers, noise, 4), random_document(kTwoLayers, noise, 3)});
    Activations<float> a(kTwoLayers, batch.positions());
    a.reshape(batch);
    for (int i = 0; i < 2; ++i) {
      const auto same = [&](Site site, const float* begin, Index cols, Index step) {
        const ColumnsView<float> values = a.at(site, i);
        CHECK_MESSAGE(values.data() == begin, site_name(site, i));
        CHECK_MESSAGE(values.rows() == 7, site_name(site, i));
        CHECK_MESSAGE(values.cols() == cols, site_name(site, i));
        CHECK_MESSAGE(values.outerStride() == step, site_name(site, i));
      };
      same(Site::resid_pre, a.resid_pre(i).data(), 6, 6);
      same(Site::attn_norm, a.attn_norm(i).data(), 6, 6);
      same(Site::q, a.qkv(i).data(), 6, 18);
      same(Site::k, a.qkv(i).data() + 6, 6, 18);
      same(Site::v, a.qkv(i).data() + 12, 6, 18);
      same(Site::z, a.z(i).data(), 6, 6);
      same(Site::mlp_pre, a.mlp_pre(i).data(), 24, 24);
      same(Site::mlp_post, a.mlp_post(i).data(), 24, 24);
      same(Site::resid_post, a.resid_pre(i + 1).data(), 6, 6);
      same(Site::embed_norm, a.resid_pre(0).data(), 6, 6);
      same(Site::logits, a.logits().data(), 7, 16);  // whole cache lines
      CHECK(a.at(Site::scores, i).data() == a.scores(i).data());
      CHECK(a.at(Site::pattern, i).size() == static_cast<Index>(a.pattern(i).size()));
    }
  }

  TEST_CASE("sites: a matrix has as many columns and rows as the sites it leads from and to") {
    Noise noise(13);
    const Batch batch = batch_of({random_document(kTwoLayers, noise, 4)});
    Activations<float> a(kTwoLayers, batch.positions());
    a.reshape(batch);
    const Parameters<float> parameters(kTwoLayers);
    for (const Projection& projection : kProjections) {
      const auto w = parameters.tensor(projection.weight, is_in_layer(projection.weight) ? 1 : 0);
      CHECK_MESSAGE(w.cols() == a.at(projection.from, 1).cols(), name_of(projection.weight));
      CHECK_MESSAGE(w.rows() == a.at(projection.to, 1).cols(), name_of(projection.weight));
    }
  }
}
