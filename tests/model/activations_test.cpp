#include "microgpt/model/activations.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "support/model.hpp"

TEST_SUITE("model") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Stretch {
    std::string name;
    const float* begin;
    std::size_t size;
  };

  /// Every activation with its place, except resid_post, which is another name.
  std::vector<Stretch> stretches(const ModelConfig& config, Activations<float>& a) {
    std::vector<Stretch> list;
    const auto view = [&](const std::string& name, const auto& v, Index cols) {
      CHECK_MESSAGE(v.rows() == a.positions(), name);
      CHECK_MESSAGE(v.cols() == cols, name);
      list.push_back({name, v.data(), static_cast<std::size_t>((v.rows() - 1) * v.outerStride() + cols)});
    };
    const Index C = config.n_embd;
    view("embed", a.embed(), C);
    view("embed_scale", a.embed_scale(), 1);
    for (int i = 0; i < config.n_layer; ++i) {
      const std::string layer = "layer" + std::to_string(i) + ".";
      view(layer + "resid_pre", a.resid_pre(i), C);
      view(layer + "attn_norm", a.attn_norm(i), C);
      view(layer + "attn_scale", a.attn_scale(i), 1);
      view(layer + "qkv", a.qkv(i), 3 * C);
      list.push_back({layer + "scores", a.scores(i).data(), a.scores(i).size()});
      list.push_back({layer + "pattern", a.pattern(i).data(), a.pattern(i).size()});
      view(layer + "z", a.z(i), C);
      view(layer + "attn_out", a.attn_out(i), C);
      view(layer + "resid_mid", a.resid_mid(i), C);
      view(layer + "mlp_norm", a.mlp_norm(i), C);
      view(layer + "mlp_scale", a.mlp_scale(i), 1);
      view(layer + "mlp_pre", a.mlp_pre(i), 4 * C);
      view(layer + "mlp_post", a.mlp_post(i), 4 * C);
      view(layer + "mlp_out", a.mlp_out(i), C);
    }
    view("resid_pre(L)", a.resid_pre(config.n_layer), C);
    view("logits", a.logits(), config.vocab_size);
    view("probs", a.probs(), config.vocab_size);
    view("nll", a.nll(), 1);
    return list;
  }

  const ModelConfig kConfig = {.n_layer = 2, .n_embd = 6, .n_head = 2, .block_size = 5, .vocab_size = 7};

  Batch batch_of_lengths(std::initializer_list<int> lengths) {
    Batch batch;
    for (const int n : lengths) batch.add(std::vector<int>(static_cast<std::size_t>(n) + 1));
    return batch;
  }

  }  // namespace

  TEST_CASE("activations: each has its own aligned place and its shape") {
    for (const int layers : {0, 1, 2}) {
      ModelConfig config = kConfig;
      config.n_layer = layers;
      Activations<float> a(config, 11);
      a.reshape(batch_of_lengths({1, 5, 3}));
      CHECK(a.positions() == 9);
      const auto list = stretches(config, a);
      for (const Stretch& s : list) {
        CHECK_MESSAGE(reinterpret_cast<std::uintptr_t>(s.begin) % 64 == 0, s.name);
        if (s.name.ends_with("scores") || s.name.ends_with("pattern")) {
          CHECK_MESSAGE(s.size == 2 * (1 * 4 + 5 * 8 + 3 * 6) + 3 * 16, s.name);
        }
        for (const Stretch& t : list) {
          const bool apart = s.begin + s.size <= t.begin || t.begin + t.size <= s.begin;
          CHECK_MESSAGE((apart || s.name == t.name), s.name, " and ", t.name);
        }
      }
    }
  }

  TEST_CASE("activations: what a layer leaves is what the next one finds") {
    Activations<float> a(kConfig, 4);
    a.reshape(batch_of_lengths({4}));
    CHECK(a.resid_post(0).data() == a.resid_pre(1).data());
    CHECK(a.resid_post(1).data() == a.resid_pre(2).data());
  }

  TEST_CASE("activations: no memory is asked for within the room and more beyond it") {
    Activations<float> a(kConfig, 13);
    a.reshape(batch_of_lengths({1}));
    const float* const before = a.resid_pre(0).data();
    for (const auto& lengths : {std::initializer_list<int>{5, 5, 3}, {1, 1, 1, 1, 1}, {4, 4, 5}}) {
      a.reshape(batch_of_lengths(lengths));
      CHECK(a.resid_pre(0).data() == before);
    }
    a.reshape(batch_of_lengths({5, 5, 5, 5, 5, 5, 5, 5}));
    CHECK(a.positions() == 40);
  }

  TEST_CASE("activations: what training keeps is less, and counted before it is made") {
    const auto numbers = [](Keep keep) { return Activations<float>::numbers(kConfig, 40, keep); };
    CHECK(numbers(Keep::values) < numbers(Keep::everything));
    CHECK(numbers(Keep::gradients) < numbers(Keep::values));
    ModelConfig deep = kConfig;
    deep.n_layer = 20;
    // Gradients of activations are those of one layer at a time.
    CHECK(Activations<float>::numbers(deep, 40, Keep::gradients) == numbers(Keep::gradients));
  }
}
