#include "microgpt/text/nearest.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_SUITE("text") {
  using namespace microgpt;

  TEST_CASE("nearest: the fewest letters to add, drop or change, or the one that goes on") {
    const std::vector<std::string> names = {"train",       "sample", "eval",  "info",
                                            "temperature", "top-k",  "prompt"};
    const std::pair<const char*, const char*> cases[] = {{"tarin", "train"},
                                                         {"trian", "train"},
                                                         {"rtain", "train"},
                                                         {"sampel", "sample"},
                                                         {"temprature", "temperature"},
                                                         {"temp", "temperature"},
                                                         {"t", "train"},
                                                         {"p", "prompt"},
                                                         {"evl", "eval"},
                                                         {"evall", "eval"},
                                                         {"infor", "info"},
                                                         {"topk", "top-k"}};
    for (const auto& each : cases) {
      const std::string word = each.first;
      const std::string name = each.second;
      CAPTURE(word);
      REQUIRE(near_name(word, names).has_value());
      CHECK(*near_name(word, names) == name);
    }
  }

  TEST_CASE("nearest: a word that has little to do with any name has no near one") {
    const std::vector<std::string> names = {"train", "sample", "eval"};
    for (const char* word : {"", "weather", "xyz", "trombones", "\xff"}) {
      CAPTURE(word);
      CHECK(!near_name(word, names).has_value());
    }
    CHECK(!near_name("train", {}).has_value());
  }

  TEST_CASE("nearest: of equals the first") {
    const std::vector<std::string> names = {"bat", "cat", "hat"};
    CHECK(near_name("rat", names) == "bat");
  }
}
