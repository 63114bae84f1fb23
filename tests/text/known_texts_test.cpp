#include "microgpt/text/known_texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/numbers.hpp"

TEST_SUITE("text") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE(
      "known texts: whole documents, pieces of them where a text was cut, and never a blank one as new") {
    const std::vector<std::string_view> documents = {"the broken mirror", "anna", "anna", ""};
    const KnownTexts known(documents, DataMode::lines);
    CHECK(known.has("anna", false));
    CHECK(!known.has("ann", false));
    CHECK(known.has("ann", true));
    CHECK(known.is_new("the broken mirro", false));
    CHECK(!known.is_new("the broken mirro", true));
    CHECK(known.is_new("the broken mirrox", true));
    CHECK(!known.is_new("", false));
    CHECK(!known.is_new("", true));
    for (const bool begun : {false, true}) {
      CHECK(!known.is_new(" ", begun));
      CHECK(!known.is_new(" \n\t\n", begun));
      CHECK(!known.is_new("\xc2\xa0\xe2\x80\x89", begun));  // other spaces
      CHECK(known.is_new(" .\n", begun));
    }
    const KnownTexts stream(documents, DataMode::stream);
    CHECK(!stream.is_new("broken", false));
    CHECK(stream.is_new("mirroranna", false));  // not across parts
    CHECK(!stream.is_new("\n\n", false));
    CHECK(KnownTexts({}, DataMode::lines).is_new("a", true));
  }

  TEST_CASE("known texts: as going through all of them says") {
    Noise noise(77);
    const auto word = [&](int longest) {
      std::string text;
      for (int i = noise.whole(0, longest); i > 0; --i) text += static_cast<char>('a' + noise.whole(0, 2));
      return text;
    };
    for (int round = 0; round < 50; ++round) {
      std::vector<std::string> texts;
      for (int i = noise.whole(0, 40); i > 0; --i) texts.push_back(word(6));
      const std::vector<std::string_view> documents(texts.begin(), texts.end());
      const KnownTexts known(documents, DataMode::lines);
      for (int i = 0; i < 50; ++i) {
        const std::string text = word(5);
        const bool whole = std::find(texts.begin(), texts.end(), text) != texts.end();
        const bool piece = std::any_of(texts.begin(), texts.end(),
                                       [&](const auto& one) { return one.find(text) != std::string::npos; });
        CHECK(known.is_new(text, false) == (!text.empty() && !whole));
        CHECK(known.is_new(text, true) == (!text.empty() && !piece));
      }
    }
  }
}
