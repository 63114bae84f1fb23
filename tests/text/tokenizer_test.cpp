#include "microgpt/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include "microgpt/text/examples.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/errors.hpp"

TEST_SUITE("text") {
  using namespace microgpt;
  using microgpt::test::Failure;
  using microgpt::test::failure_of;
  using Documents = std::vector<std::string_view>;

  TEST_CASE("tokenizer: ids follow the code points and BOS is the last") {
    // z before a, an emoji before an accent, everything twice
    const Documents documents = {"zebra",
                                 "\xf0\x9f\x98\x80"
                                 "az",
                                 "\xef\xbf\xbd\xc3\xa9", "a\n"};
    const Tokenizer tokenizer(documents);
    const std::u32string expected = U"\naberz\u00e9\ufffd\U0001f600";
    CHECK(std::u32string(tokenizer.characters().begin(), tokenizer.characters().end()) == expected);
    CHECK(tokenizer.vocab_size() == 10);
    CHECK(tokenizer.bos() == 9);
    for (std::size_t id = 0; id < expected.size(); ++id) {
      std::string character;
      append_utf8(character, expected[id]);
      CHECK(tokenizer.encode(character) == std::vector<Token>{static_cast<Token>(id)});
    }
  }

  TEST_CASE("tokenizer: an example has BOS where it opens and closes a document") {
    const Documents documents = {"abc"};
    const Tokenizer tokenizer(documents);
    CHECK(tokenizer.encode(Example{"cab"}) == std::vector<Token>{3, 2, 0, 1, 3});
    CHECK(tokenizer.encode(Example{"cab", true, false}) == std::vector<Token>{3, 2, 0, 1});
    CHECK(tokenizer.encode(Example{"cab", false, true}) == std::vector<Token>{2, 0, 1, 3});
    std::vector<Token> tokens = {0};
    tokenizer.encode(Example{"b", false, false}, tokens);
    CHECK(tokens == std::vector<Token>{0, 1});
    CHECK(tokenizer.encode(Example{""}) == std::vector<Token>{3, 3});
  }

  TEST_CASE("tokenizer: two are equal if their vocabularies are") {
    const Documents documents = {"ab", "c"};
    const Tokenizer tokenizer(documents);
    CHECK(tokenizer == Tokenizer(std::vector<char32_t>{'a', 'b', 'c'}));
    CHECK(tokenizer != Tokenizer(std::vector<char32_t>{'a', 'b', 'd'}));
    CHECK(tokenizer != Tokenizer(std::vector<char32_t>{'a', 'b'}));
  }

  TEST_CASE("tokenizer: the order of the documents does not matter") {
    const Tokenizer one(Documents{"abc", "xyz"});
    const Tokenizer other(Documents{"zyx", "", "cab"});
    CHECK(one.encode("axz") == other.encode("axz"));
    CHECK(one.vocab_size() == other.vocab_size());
    CHECK(Tokenizer(Documents{}).vocab_size() == 1);
    CHECK(Tokenizer(Documents{}).bos() == 0);
  }

  TEST_CASE("tokenizer: encode and decode are each other's inverse") {
    std::string text;
    std::u32string all;
    for (char32_t c = 0; c < 0x110000; c += c < 0x300 ? 1 : 97) {
      if (c >= 0xd800 && c <= 0xdfff) continue;
      append_utf8(text, c);
      all += c;
    }
    const Tokenizer tokenizer(Documents{text});
    CHECK(tokenizer.vocab_size() == static_cast<int>(all.size()) + 1);
    const auto tokens = tokenizer.encode(text);
    REQUIRE(tokens.size() == all.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) wrong += tokens[i] == static_cast<Token>(i) ? 0U : 1U;
    CHECK(wrong == 0);
    CHECK(tokenizer.decode(tokens) == text);

    const Tokenizer again(std::vector<char32_t>(all.begin(), all.end()));
    CHECK(again.encode(text) == tokens);
    CHECK(again.encode("") == std::vector<Token>{});
  }

  TEST_CASE("tokenizer: encode appends and decode leaves BOS out") {
    const Tokenizer tokenizer(Documents{"ab"});
    std::vector<Token> tokens = {tokenizer.bos()};
    tokenizer.encode("ba", tokens);
    tokens.push_back(tokenizer.bos());
    CHECK(tokens == std::vector<Token>{2, 1, 0, 2});
    CHECK(tokenizer.decode(tokens) == "ba");
    CHECK(tokenizer.decode({}) == "");
    CHECK_THROWS(static_cast<void>(tokenizer.decode(std::vector<Token>{3})));
    CHECK_THROWS(static_cast<void>(tokenizer.decode(std::vector<Token>{-1})));
  }

  TEST_CASE("tokenizer: an unknown character is named with its code point") {
    const Tokenizer tokenizer(Documents{"ab\xc3\xa9"});
    struct Case {
      std::string text;
      std::string named;
    };
    const Case cases[] = {
        {"abc", "'c', U+0063"},
        {"B", "'B', U+0042"},
        {"a\xc3\xa8", "'\xc3\xa8', U+00E8"},  // just below the last one known
        {"\xc3\xaa", "'\xc3\xaa', U+00EA"},   // just above
        {"\xe2\x82\xac", "'\xe2\x82\xac', U+20AC"},
        {"\xf0\x9f\x98\x80", "'\xf0\x9f\x98\x80', U+1F600"},
        {"\xf4\x8f\xbf\xbf", "'\xf4\x8f\xbf\xbf', U+10FFFF"},
        {std::string(1, '\0'), "'\\x00', U+0000"},
        {"\x1b", "'\\x1b', U+001B"},
        {"\xe2\x80\xae", "'\\u202e', U+202E"},
    };
    for (const Case& each : cases) {
      const Failure got = failure_of([&] { static_cast<void>(tokenizer.encode(each.text)); });
      CAPTURE(got.message);
      CHECK(got.is(microgpt::Fault::data, {.value = each.named, .hint = "3 characters"}));
      CHECK(got.is_one_line());
    }
  }

  TEST_CASE("tokenizer: a vocabulary that is none is refused") {
    const std::vector<char32_t> bad[] = {{U'b', U'a'},   {U'a', U'a'}, {U'a', U'c', U'b'}, {0xd800},
                                         {U'a', 0xdfff}, {0x110000},   {U'a', 0xffffffff}};
    for (const auto& characters : bad) {
      const Failure got = failure_of([&] { Tokenizer{characters}; });
      CAPTURE(got.message);
      CHECK(got.fault == 4);
      CHECK(got.is_one_line());
    }
    CHECK(Tokenizer(std::vector<char32_t>{0, 0xd7ff, 0xe000, 0x10ffff}).vocab_size() == 5);
    CHECK(Tokenizer(std::vector<char32_t>{}).vocab_size() == 1);
  }
}
