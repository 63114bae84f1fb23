#include "microgpt/generate/stop_strings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

TEST_SUITE("generate") {
  namespace {

  using namespace microgpt;

  StopStrings stops(const std::vector<std::string>& strings) {
    std::vector<std::vector<int>> tokens;
    for (const std::string& text : strings) tokens.emplace_back(text.begin(), text.end());
    return StopStrings(tokens);
  }

  /// Where the first stop string that is complete begins, or npos.
  std::size_t first_stop(const std::vector<std::string>& strings, const std::string& text) {
    for (std::size_t end = 1; end <= text.size(); ++end) {
      std::size_t longest = 0;
      for (const std::string& one : strings) {
        if (std::string_view(text).substr(0, end).ends_with(one)) longest = std::max(longest, one.size());
      }
      if (longest > 0) return end - longest;
    }
    return std::string::npos;
  }

  /// All texts of so many letters a and b.
  std::vector<std::string> texts_of(std::size_t length) {
    std::vector<std::string> texts;
    for (std::size_t bits = 0; bits < std::size_t{1} << length; ++bits) {
      std::string text;
      for (std::size_t i = 0; i < length; ++i) text += (bits >> i & 1U) == 0 ? 'a' : 'b';
      texts.push_back(text);
    }
    return texts;
  }

  }  // namespace

  TEST_CASE(
      "stop strings: the text ends before the first that is complete, and nothing of it was given away") {
    const std::vector<std::vector<std::string>> sets = {
        {"aab"}, {"a"}, {"abab", "bb"}, {"aaa", "aab"}, {"abbb", "bb"}, {"b", "ab"}, {"babba", "abb", "bab"}};
    for (const auto& strings : sets) {
      CAPTURE(strings);
      for (const std::string& text : texts_of(9)) {
        StopStrings stop = stops(strings);
        const std::size_t begin = first_stop(strings, text);
        std::size_t sure = 0;
        std::string written;
        bool found = false;
        for (std::size_t i = 0; i < text.size() && !found; ++i) {
          const auto number = stop.read(text[i]);
          written += text[i];
          found = number.has_value();
          const std::size_t before = sure;
          sure = written.size() - stop.held();
          REQUIRE(sure + stop.held() == i + 1);
          if (!found) CHECK_MESSAGE(sure >= before, text);  // what was given away cannot be taken back
          if (found) CHECK_MESSAGE(written.size() - stop.length(*number) == begin, text);
          if (found) CHECK_MESSAGE(before <= begin, text);
        }
        CHECK_MESSAGE(found == (begin != std::string::npos), text);
      }
    }
  }

  TEST_CASE("stop strings: no token is held back that cannot belong to one, nor any given away that can") {
    const std::vector<std::vector<std::string>> sets = {{"aab"}, {"abab", "bb"}, {"abbb", "ba"}};
    for (const auto& strings : sets) {
      CAPTURE(strings);
      for (std::size_t length = 0; length <= 6; ++length) {
        for (const std::string& text : texts_of(length)) {
          if (first_stop(strings, text) != std::string::npos) continue;
          StopStrings stop = stops(strings);
          for (const char c : text) (void)stop.read(c);
          // Every way in which the text may go on: the earliest place where it may end.
          std::size_t earliest = text.size();
          for (const std::string& more : texts_of(4)) {
            earliest = std::min(earliest, first_stop(strings, text + more));
          }
          // A longer one may begin earlier, if a shorter one does not come first: then it is held in vain.
          CHECK_MESSAGE(text.size() - stop.held() <= earliest, text);
          bool may_begin = stop.held() == 0;
          const std::string held = text.substr(text.size() - stop.held());
          for (const std::string& one : strings) may_begin = may_begin || one.starts_with(held);
          CHECK_MESSAGE(may_begin, text);
        }
      }
    }
  }

  TEST_CASE("stop strings: of aaab with the stop string aab one a is left") {
    StopStrings stop = stops({"aab"});
    CHECK(!stop.read('a'));
    CHECK(stop.held() == 1);
    CHECK(!stop.read('a'));
    CHECK(stop.held() == 2);
    CHECK(!stop.read('a'));
    CHECK(stop.held() == 2);  // the first one is none of its beginning any more
    CHECK(stop.read('b') == 0);
    CHECK(stop.length(0) == 3);
  }

  TEST_CASE("stop strings: of several that end together the longest counts, and none holds nothing back") {
    StopStrings stop = stops({"b", "ab", "xab"});
    CHECK(!stop.read('a'));
    CHECK(stop.read('b') == 1);
    StopStrings none;
    CHECK(!none.read('a'));
    CHECK(none.held() == 0);
    CHECK_THROWS_AS(stops({"a", ""}), std::logic_error);
  }
}
