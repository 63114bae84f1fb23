#include "microgpt/evaluate/novelty.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "support/numbers.hpp"

TEST_SUITE("evaluate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  using Text = std::vector<Token>;

  /// Wagner and Fischer's table.
  std::size_t slow_distance(const Text& a, const Text& b) {
    std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
        } else {
          table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                                  table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
        }
      }
    }
    return table[a.size()][b.size()];
  }

  bool holds(const Text& text, const Text& piece) {
    return std::search(text.begin(), text.end(), piece.begin(), piece.end()) != text.end() || piece.empty();
  }

  /// Every piece in every document, longest first.
  Novelty slow_judge(const std::vector<Text>& documents, const Text& text) {
    Novelty expected;
    expected.distance = 1U << 30U;
    for (std::size_t d = 0; d < documents.size(); ++d) {
      const std::size_t distance = slow_distance(text, documents[d]);
      if (distance < expected.distance) {
        expected.distance = distance;
        expected.nearest = d;
      }
    }
    for (std::size_t length = text.size(); length > 0; --length) {
      for (std::size_t begin = 0; begin + length <= text.size(); ++begin) {
        const auto from = text.begin() + static_cast<std::ptrdiff_t>(begin);
        const Text piece(from, from + static_cast<std::ptrdiff_t>(length));
        for (std::size_t d = 0; d < documents.size(); ++d) {
          if (!holds(documents[d], piece)) continue;
          expected.copied = length;
          expected.copied_begin = begin;
          expected.copied_from = d;
          return expected;
        }
      }
    }
    return expected;
  }

  Text tokens_of(const char* letters) {
    Text text;
    for (; *letters != '\0'; ++letters) text.push_back(*letters - 'a');
    return text;
  }

  }  // namespace

  TEST_CASE("novelty: distances by hand") {
    CHECK(edit_distance(tokens_of("kitten"), tokens_of("sitting")) == 3);
    CHECK(edit_distance(tokens_of(""), tokens_of("abc")) == 3);
    CHECK(edit_distance(tokens_of("abc"), tokens_of("")) == 3);
    CHECK(edit_distance(tokens_of(""), tokens_of("")) == 0);
    CHECK(edit_distance(tokens_of("emma"), tokens_of("emma")) == 0);
    CHECK(edit_distance(tokens_of("emma"), tokens_of("mmae")) == 2);
  }

  TEST_CASE("novelty: distances are those of the table, for texts of one word of bits and of many") {
    Noise noise(231);
    for (int i = 0; i < 400; ++i) {
      const int longest = i < 200 ? 12 : 200;
      const int letters = noise.whole(1, 5);
      auto a = noise.wholes(static_cast<std::size_t>(noise.whole(0, longest)), 0, letters - 1);
      auto b = noise.wholes(static_cast<std::size_t>(noise.whole(0, longest)), 0, letters - 1);
      if (i % 3 == 0) {  // near to each other
        b = a;
        for (int edits = noise.whole(0, 6); edits > 0 && !b.empty(); --edits) {
          const auto at = b.begin() + noise.whole(0, static_cast<int>(b.size()) - 1);
          noise.whole(0, 1) == 0 ? static_cast<void>(b.erase(at)) : static_cast<void>(b.insert(at, 0));
        }
      }
      CHECK_MESSAGE(edit_distance(a, b) == slow_distance(a, b), "lengths ", a.size(), " and ", b.size());
    }
    for (const std::size_t length : {63U, 64U, 65U, 127U, 128U, 129U}) {
      const auto a = noise.wholes(length, 0, 2);
      const auto b = noise.wholes(length + 1, 0, 2);
      CHECK_MESSAGE(edit_distance(a, b) == slow_distance(a, b), "length ", length);
    }
  }

  namespace {

  /// Documents of tokens as texts of 26 letters, half of which take two bytes.
  struct Letters {
    Tokenizer tokenizer;
    std::vector<std::string> texts;
    std::vector<std::string_view> views;

    explicit Letters(const std::vector<Text>& documents) : tokenizer(alphabet()) {
      for (const Text& document : documents) texts.push_back(tokenizer.decode(document));
      for (const std::string& text : texts) views.push_back(text);
    }
    static std::vector<char32_t> alphabet() {
      std::vector<char32_t> characters;
      for (char32_t c = U'a'; c <= U'm'; ++c) characters.push_back(c);
      for (char32_t c = U'\u0430'; c < U'\u0430' + 13; ++c) characters.push_back(c);  // two bytes in UTF-8
      return characters;
    }
  };

  }  // namespace

  TEST_CASE("novelty: nearest document and longest copied piece are those of trying all") {
    Noise noise(232);
    for (int round = 0; round < 40; ++round) {
      const int letters = noise.whole(1, 6);
      std::vector<Text> documents;
      for (int d = noise.whole(1, 30); d > 0; --d) {
        documents.push_back(noise.wholes(static_cast<std::size_t>(noise.whole(1, 14)), 0, letters - 1));
      }
      const Letters letters_of(documents);
      const NoveltyJudge judge(letters_of.views, letters_of.tokenizer);
      for (int i = 0; i < 10; ++i) {
        // At times with a letter that no document has.
        const auto text = noise.wholes(static_cast<std::size_t>(noise.whole(0, 16)), 0, letters - 1 + i % 2);
        const Novelty got = judge.judge(text);
        const Novelty expected = slow_judge(documents, text);
        CHECK(got.distance == expected.distance);
        CHECK(got.nearest == expected.nearest);
        CHECK(got.copied == expected.copied);
        CHECK(got.copied_begin == expected.copied_begin);
        CHECK(got.copied_from == expected.copied_from);
      }
    }
  }

  TEST_CASE("novelty: a piece is found where a document is read in several portions") {
    // Longer than what is read at a time, of two-byte letters so that a portion would end within one.
    Noise noise(234);
    Text document = noise.wholes(70'001, 13, 20);
    const Text piece = {25, 24, 23, 22, 21, 25};
    for (const std::size_t at :
         {std::size_t{32'766}, std::size_t{32'770}, std::size_t{65'533}, document.size() - 6}) {
      Text marked = document;
      std::copy(piece.begin(), piece.end(), marked.begin() + static_cast<std::ptrdiff_t>(at));
      const Letters letters_of({marked});
      const NoveltyJudge judge(letters_of.views, letters_of.tokenizer, false);
      const Novelty found = judge.judge(piece);
      CHECK_MESSAGE(found.copied == piece.size(), "at ", at);
      CHECK(found.distance == 0);
    }
  }

  TEST_CASE("novelty: a text that is in the training text is no edit away and copied whole") {
    const std::vector<Text> documents = {tokens_of("anna"), tokens_of("emma"), tokens_of("emmanuel")};
    const Letters letters_of(documents);
    const NoveltyJudge judge(letters_of.views, letters_of.tokenizer);
    const Novelty emma = judge.judge(tokens_of("emma"));
    CHECK(emma.distance == 0);
    CHECK(emma.nearest == 1);
    CHECK(emma.copied == 4);
    const Novelty gemman = judge.judge(tokens_of("gemman"));
    CHECK(gemman.distance == 2);
    CHECK(gemman.nearest == 1);
    CHECK(gemman.copied == 5);
    CHECK(gemman.copied_begin == 1);
    CHECK(gemman.copied_from == 2);
  }

  TEST_CASE("novelty: intervals by known figures") {
    // Newcombe (1998), table I, Wilson's method: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    const auto check = [](std::size_t hits, std::size_t draws, double low, double high) {
      const Interval got = share_interval(hits, draws);
      CHECK(std::abs(got.low - low) < 5e-5);
      CHECK(std::abs(got.high - high) < 5e-5);
    };
    check(81, 263, 0.2553, 0.3662);
    check(15, 148, 0.0624, 0.1605);
    check(0, 20, 0.0000, 0.1611);
    check(1, 29, 0.0061, 0.1718);
    const Interval all = share_interval(20, 20);
    CHECK(all.high == 1);
    CHECK(share_interval(0, 3).low == 0);
    CHECK(all.low == doctest::Approx(1 - 0.1611).epsilon(1e-4));
    // Mean 3, s² = 2.5, n = 5.
    const Interval mean = mean_interval(Numbers{1, 2, 3, 4, 5});
    CHECK(mean.low == doctest::Approx(3 - 1.959963985 * std::sqrt(0.5)).epsilon(1e-9));
    CHECK(mean.high == doctest::Approx(3 + 1.959963985 * std::sqrt(0.5)).epsilon(1e-9));
  }

  TEST_CASE("novelty: a 95 % interval holds the true share about so often") {
    Noise noise(233);
    int held = 0;
    constexpr int kRounds = 2000;
    for (int round = 0; round < kRounds; ++round) {
      std::size_t hits = 0;
      for (int i = 0; i < 60; ++i) hits += noise.number(1) < -0.4 ? 1U : 0U;  // true share 0.3
      const Interval interval = share_interval(hits, 60);
      held += interval.low <= 0.3 && 0.3 <= interval.high ? 1 : 0;
    }
    CHECK(held > 0.93 * kRounds);
    CHECK(held < 0.97 * kRounds);
  }
}
