#include "microgpt/config/near_key.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_SUITE("config") {
  using namespace microgpt;

  TEST_CASE("near key: by the key's last part, by what others call it, or nothing") {
    const std::vector<std::string> keys = {
        "seed",        "data.mode",  "data.held_out",       "model.n_layer",    "model.n_embd",
        "train.steps", "train.loss", "train.learning_rate", "sample.max_chars", "sample.count"};
    const std::pair<const char*, const char*> cases[] = {{"mode", "data.mode"},
                                                         {"n_layer", "model.n_layer"},
                                                         {"n_layers", "model.n_layer"},
                                                         {"model.layers", "model.n_layer"},
                                                         {"train.lr", "train.learning_rate"},
                                                         {"learning_rate", "train.learning_rate"},
                                                         {"steps", "train.steps"},
                                                         {"train.stepz", "train.steps"},
                                                         {"max_iters", "train.steps"},
                                                         {"data.documents", "data.mode"},
                                                         {"sample.max_length", "sample.max_chars"},
                                                         {"train.seed", "seed"},
                                                         {"sed", "seed"},
                                                         {"Seed", "seed"},
                                                         {"model.N_EMBD", "model.n_embd"}};
    for (const auto& [typed, meant] : cases) {
      const std::string key = typed;
      CAPTURE(key);
      CHECK(near_key(key, keys).value_or("nothing") == meant);
    }
    for (const std::string key : {"", "model.xyzzy", "train.", "weather"}) {
      CAPTURE(key);
      CHECK(near_key(key, keys).value_or("nothing") == "nothing");
    }
  }
}
