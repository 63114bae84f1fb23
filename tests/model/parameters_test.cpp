#include "microgpt/model/parameters.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

TEST_SUITE("model") {
  using namespace microgpt;

  namespace {

  struct Expected {
    const char* name;
    Index rows, cols;
  };

  }  // namespace

  TEST_CASE("parameters: the table is the source's in its order") {
    const ModelConfig config = {.n_layer = 2, .n_embd = 6, .n_head = 3, .block_size = 5, .vocab_size = 7};
    const std::vector<Expected> expected = {
        {"wte", 7, 6},
        {"wpe", 5, 6},
        {"lm_head", 7, 6},
        {"layer0.attn_wq", 6, 6},
        {"layer0.attn_wk", 6, 6},
        {"layer0.attn_wv", 6, 6},
        {"layer0.attn_wo", 6, 6},
        {"layer0.mlp_fc1", 24, 6},
        {"layer0.mlp_fc2", 6, 24},
        {"layer1.attn_wq", 6, 6},
        {"layer1.attn_wk", 6, 6},
        {"layer1.attn_wv", 6, 6},
        {"layer1.attn_wo", 6, 6},
        {"layer1.mlp_fc1", 24, 6},
        {"layer1.mlp_fc2", 6, 24},
    };
    const auto table = parameter_table(config);
    REQUIRE(table.size() == expected.size());
    Index offset = 0;
    for (std::size_t i = 0; i < table.size(); ++i) {
      CHECK(table[i].name == expected[i].name);
      CHECK_MESSAGE(table[i].rows == expected[i].rows, expected[i].name);
      CHECK_MESSAGE(table[i].cols == expected[i].cols, expected[i].name);
      CHECK_MESSAGE(table[i].offset == offset, expected[i].name);
      CHECK_MESSAGE(table[i].name.ends_with(name_of(table[i].kind)), expected[i].name);
      CHECK_MESSAGE(table[i].layer == (table[i].name.starts_with("layer1") ? 1 : 0), expected[i].name);
      CHECK_MESSAGE(tensor_number(table[i].kind, table[i].layer) == i, expected[i].name);
      offset += expected[i].rows * expected[i].cols;
    }
    CHECK(parameter_count(config) == offset);
  }

  TEST_CASE("parameters: both revisions have the source's number on names.txt") {
    CHECK(parameter_count({.vocab_size = 27}) == 4192);
    CHECK(parameter_count({.block_size = 8, .vocab_size = 27}) == 4064);
    CHECK(parameter_count({.n_layer = 0, .n_embd = 2, .block_size = 3, .vocab_size = 5}) == 26);
  }

  TEST_CASE("parameters: views lie in the arena row by row") {
    const ModelConfig config = {.n_layer = 2, .n_embd = 4, .n_head = 2, .block_size = 3, .vocab_size = 5};
    Parameters<double> p(config);
    for (const double w : p.values()) REQUIRE(w == 0);
    std::iota(p.values().begin(), p.values().end(), 0.0);
    const Parameters<double>& c = p;
    // wte 20 numbers, wpe 12, lm_head 20, then 16, 16, 16, 16, 64, 64 a layer
    CHECK(p.wte()(2, 3) == 11);
    CHECK(p.wpe()(0, 0) == 20);
    CHECK(p.lm_head()(4, 3) == 51);
    CHECK(p.attn_wq(0)(0, 1) == 53);
    CHECK(c.attn_wk(0)(1, 0) == 72);
    CHECK(c.attn_wv(0)(0, 0) == 84);
    CHECK(p.attn_wo(0)(0, 0) == 100);
    CHECK(p.mlp_fc1(0)(15, 3) == 179);
    CHECK(c.mlp_fc2(0)(1, 0) == 196);
    CHECK(c.attn_wq(1)(0, 0) == 244);
    CHECK(p.mlp_fc2(1)(3, 15) == 435);
    CHECK(p.values().size() == 436);
    p.attn_wo(1)(0, 0) = -1;
    CHECK(c.values()[292] == -1);
    p.set_zero();
    CHECK(c.values()[292] == 0);
  }

  TEST_CASE("parameters: initial weights are Python's for seed 42") {
    // names.txt has 32,033 documents, and a shuffle draws the same whatever it moves.
    Rng rng(42);
    std::vector<int> documents(32033);
    rng.shuffle(std::span(documents));
    Parameters<double> p(ModelConfig{.vocab_size = 27});
    initialize(p, InitConfig{}, rng);
    const double expected[] = {-0.04273180935726127, 0.07696138795865093, 0.10844210106107166,
                               0.03741680212434131};
    // The last bits are those of the C library's log, sin and cos.
    for (Index i = 0; i < 4; ++i)
      CHECK(std::abs(p.wte()(0, i) - expected[i]) < 1e-15 * std::abs(expected[i]));
    CHECK(std::abs(p.values().back() + 0.09496111892676082) < 1e-16);
    long double sum = 0;
    for (const double w : p.values()) sum += static_cast<long double>(w);
    CHECK(static_cast<double>(sum) == doctest::Approx(4.289341802239117).epsilon(1e-15));
    CHECK(rng.random() == 0.5713543597375992);
  }

  TEST_CASE("parameters: zero projections are drawn all the same") {
    const ModelConfig config = {.n_layer = 2, .n_embd = 4, .vocab_size = 3};
    Parameters<double> plain(config);
    Parameters<double> zero(config);
    Rng one(1);
    Rng other(1);
    initialize(plain, {.std = 0.02}, one);
    initialize(zero, {.std = 0.02, .zero_projections = true}, other);
    CHECK(one.state() == other.state());
    for (std::size_t i = 0; i < plain.table().size(); ++i) {
      const std::string& name = plain.table()[i].name;
      const bool projection =
          name.find("attn_wo") != std::string::npos || name.find("mlp_fc2") != std::string::npos;
      bool same = true;
      bool none = true;
      for (Index r = 0; r < plain.table()[i].rows; ++r) {
        for (Index c = 0; c < plain.table()[i].cols; ++c) {
          same = same && plain.tensor(i)(r, c) == zero.tensor(i)(r, c);
          none = none && zero.tensor(i)(r, c) == 0;
        }
      }
      CHECK_MESSAGE(none == projection, name);
      CHECK_MESSAGE(same != projection, name);
    }
  }

  TEST_CASE("parameters: float weights are the rounded double ones") {
    const ModelConfig config = {.n_embd = 8, .vocab_size = 4};
    Parameters<float> narrow(config);
    Parameters<double> wide(config);
    Rng one(3);
    Rng other(3);
    initialize(narrow, {}, one);
    initialize(wide, {}, other);
    for (std::size_t i = 0; i < wide.values().size(); ++i) {
      REQUIRE(narrow.values()[i] == static_cast<float>(wide.values()[i]));
    }
  }
}
