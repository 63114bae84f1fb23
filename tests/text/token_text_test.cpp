#include "microgpt/text/token_text.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"

TEST_SUITE("text") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("token text: an unknown character is refused with those like it and those there are") {
    const Tokenizer tokenizer(std::vector<char32_t>{U'a', U'e', U'z', U'\u00e9'});
    const auto refused = [&](const std::string& text, const std::string& file = "") {
      return failure_of([&] { require_known_characters(tokenizer, text, "--prompt", file); });
    };
    CHECK(refused("zae\u00e9").fault == 0);
    CHECK(refused("").fault == 0);
    CHECK(refused("a\u00c9").message
          == "bad --prompt: the model does not know '\u00c9'; it knows '\u00e9' and 'e': its 4 characters are aez\u00e9");
    CHECK(refused("a\u20ac").message
          == "bad --prompt: the model does not know '\u20ac': its 4 characters are aez\u00e9");
    CHECK(refused("a\nb").is(Fault::data, {.what = "bad --prompt", .hint = "'\\n'"}));
    CHECK(refused("a\u00e9 a", "p.txt").is(Fault::data, {.where = "p.txt, line 1, column 3"}));
  }

  TEST_CASE("token text: of a large vocabulary the message has a part, and says how to see all") {
    std::vector<char32_t> characters;
    for (char32_t c = 0x4e00; characters.size() < 20'000; ++c) characters.push_back(c);
    const Tokenizer tokenizer(characters);
    const Failure failure = failure_of([&] { require_known_characters(tokenizer, "a", "--stop"); });
    CHECK(failure.is_one_line());
    CHECK(failure.message.size() < 500);
    CHECK(failure.names("its 20,000 characters are "));
    CHECK(failure.names("microgpt info --all"));
  }

  TEST_CASE("token text: a place in a text counts lines and characters from 1") {
    const std::string text = "ab\n\u00e9\u00e9x\n";
    CHECK(place_in(text, 0) == "line 1, column 1");
    CHECK(place_in(text, 2) == "line 1, column 3");
    CHECK(place_in(text, 3) == "line 2, column 1");
    CHECK(place_in(text, text.find('x')) == "line 2, column 3");
    CHECK(place_in(text, text.size()) == "line 3, column 1");
  }
}
