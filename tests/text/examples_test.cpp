#include <doctest/doctest.h>

#include "microgpt/base/rng.hpp"
#include "microgpt/text/dataset.hpp"
#include "microgpt/text/utf8.hpp"

namespace {

using namespace microgpt;

constexpr char32_t kBos = 0xffffffff;

/// The tokens of an example.
std::u32string tokens_of(const Example& example) {
  std::u32string tokens;
  if (example.opens) tokens += kBos;
  for (std::size_t at = 0; at < example.text.size();) tokens += next_code_point(example.text, at);
  if (example.closes) tokens += kBos;
  return tokens;
}

/// A document of so many characters of one to four bytes.
std::string random_document(Rng& rng, std::size_t length) {
  constexpr char32_t kCharacters[] = {U'a', U'b', U'\u00e9', U'\u20ac', U'\U0001f600'};
  std::string text;
  for (std::size_t i = 0; i < length; ++i) append_utf8(text, kCharacters[rng.below(5)]);
  return text;
}

std::vector<Example> examples_of(std::string_view document, std::size_t block_size, LongDocuments mode) {
  return make_examples({document}, block_size, mode);
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("examples: a long document is cut to its first predictions") {
    const auto check = [](const std::string& document, std::size_t block_size, const std::string& text,
                          bool closes, std::size_t positions) {
      CAPTURE(document);
      CAPTURE(block_size);
      const auto examples = examples_of(document, block_size, LongDocuments::cut);
      REQUIRE(examples.size() == 1);
      CHECK(examples[0].text == text);
      CHECK(examples[0].opens);
      CHECK(examples[0].closes == closes);
      CHECK(examples[0].positions() == positions);
    };
    check("abc", 8, "abc", true, 4);
    check("abc", 4, "abc", true, 4);   // BOS included it fits exactly
    check("abc", 3, "abc", false, 3);  // all but the end
    check("abc", 2, "ab", false, 2);
    check("abc", 1, "a", false, 1);
    check(
        "\xc3\xa9\xe2\x82\xac"
        "a",
        2, "\xc3\xa9\xe2\x82\xac", false, 2);
  }

  TEST_CASE("examples: a long document goes on where the one before ended") {
    const auto examples = examples_of("abcdefg", 3, LongDocuments::split);
    REQUIRE(examples.size() == 3);
    CHECK(examples[0].text == "abc");
    CHECK(examples[1].text == "cdef");  // c is read, d e f are predicted
    CHECK(examples[2].text == "fg");    // g and the end
    CHECK(examples[2].closes);
    CHECK(examples[2].positions() == 2);

    const auto last = examples_of("abc", 3, LongDocuments::split);
    REQUIRE(last.size() == 2);
    CHECK(last[1].text == "c");  // nothing left to predict but the end
    CHECK(last[1].positions() == 1);
  }

  TEST_CASE("examples: documents keep their order and are views into the text") {
    const std::string text = "abcdexyz";
    const std::string_view all = text;
    const auto examples = make_examples({all.substr(0, 5), all.substr(5)}, 2, LongDocuments::split);
    std::string opened;
    for (const Example& example : examples) {
      if (example.opens) opened += example.text;
      CHECK(example.text.data() >= text.data());
      CHECK(example.text.data() + example.text.size() <= text.data() + text.size());
    }
    CHECK(opened == "abxy");
    CHECK(make_examples({}, 2, LongDocuments::split).empty());
  }

  TEST_CASE("examples: split predicts every character and the end exactly once") {
    Rng rng(11);
    for (int round = 0; round < 4000; ++round) {
      const std::size_t length = 1 + rng.below(60);
      const std::size_t block_size = 1 + rng.below(20);
      const std::string document = random_document(rng, length);
      const auto examples = examples_of(document, block_size, LongDocuments::split);
      std::u32string whole = tokens_of({document, true, true});
      std::u32string predicted;
      bool good = examples.front().opens && examples.back().closes;
      for (std::size_t i = 0; i < examples.size(); ++i) {
        const std::u32string tokens = tokens_of(examples[i]);
        const bool last = i + 1 == examples.size();
        good = good && examples[i].positions() == tokens.size() - 1 && examples[i].opens == (i == 0)
               && examples[i].closes == last && find_invalid_utf8(examples[i].text) == std::string_view::npos
               && examples[i].positions() >= 1
               // none too long, and none but the last too short
               && (last ? examples[i].positions() <= block_size : examples[i].positions() == block_size)
               // what it reads first is what the one before predicted last
               && (i == 0 ? tokens.front() == kBos : tokens.front() == predicted.back());
        predicted += tokens.substr(1);
      }
      CAPTURE(document);
      CAPTURE(block_size);
      if (!good) FAIL_CHECK("an example is not as it should be");
      if (predicted != whole.substr(1)) FAIL_CHECK("other characters are predicted");
    }
  }

  TEST_CASE("examples: cut predicts the first block_size and no more") {
    Rng rng(12);
    for (int round = 0; round < 2000; ++round) {
      const std::size_t length = 1 + rng.below(40);
      const std::size_t block_size = 1 + rng.below(20);
      const std::string document = random_document(rng, length);
      const auto examples = examples_of(document, block_size, LongDocuments::cut);
      const std::u32string whole = tokens_of({document, true, true});
      const std::size_t positions = std::min(block_size, length + 1);  // microgpt.py's n
      CAPTURE(document);
      CAPTURE(block_size);
      REQUIRE(examples.size() == 1);
      if (examples[0].positions() != positions) FAIL_CHECK("another number of predictions");
      if (tokens_of(examples[0]) != whole.substr(0, positions + 1)) FAIL_CHECK("other tokens");
    }
  }
}
