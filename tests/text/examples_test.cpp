#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "microgpt/base/rng.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/text/utf8.hpp"

TEST_SUITE("text") {
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

  std::vector<Example> all_of(const Examples& examples) {
    std::vector<Example> all;
    for (std::size_t i = 0; i < examples.size(); ++i) all.push_back(examples[i]);
    return all;
  }

  /// The examples of a text of one document a line; the text must stay where it is.
  std::vector<Example> examples_of(const Dataset& dataset, std::size_t block_size, LongDocuments mode) {
    return all_of(split_dataset(dataset, {.long_documents = mode}, block_size).training);
  }

  Dataset lines_dataset(const std::string& text) {
    return Dataset::from_text(text, DataMode::lines, ByteOrderMark::drop);
  }

  }  // namespace

  TEST_CASE("examples: a long document is cut to its first predictions") {
    const auto check = [](const std::string& document, std::size_t block_size, const std::string& text,
                          bool closes, std::size_t positions) {
      CAPTURE(document);
      CAPTURE(block_size);
      const Dataset dataset = lines_dataset(document);
      const auto examples = examples_of(dataset, block_size, LongDocuments::cut);
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
    const Dataset seven = lines_dataset("abcdefg");
    const auto examples = examples_of(seven, 3, LongDocuments::split);
    REQUIRE(examples.size() == 3);
    CHECK(examples[0].text == "abc");
    CHECK(examples[1].text == "cdef");  // c is read, d e f are predicted
    CHECK(examples[2].text == "fg");    // g and the end
    CHECK(examples[2].closes);
    CHECK(examples[2].positions() == 2);

    const Dataset three = lines_dataset("abc");
    const auto last = examples_of(three, 3, LongDocuments::split);
    REQUIRE(last.size() == 2);
    CHECK(last[1].text == "c");  // nothing left to predict but the end
    CHECK(last[1].positions() == 1);
  }

  TEST_CASE("examples: they are in the order of the documents and views into the text") {
    const Dataset dataset = lines_dataset("abcde\nxyz\nuv");
    const std::string_view text = dataset.text();
    const auto examples = examples_of(dataset, 2, LongDocuments::split);
    std::string opened;
    for (const Example& example : examples) {
      if (example.opens) opened += example.text;
      CHECK(example.text.data() >= text.data());
      CHECK(example.text.data() + example.text.size() <= text.data() + text.size());
    }
    CHECK(opened == "abxyuv");
  }

  TEST_CASE("examples: they come round and round and in shuffled order") {
    const Dataset dataset = lines_dataset("a\nb\nc\nd\ne\nf\ng\nh\ni\nj");
    Examples examples = split_dataset(dataset, {}, 4).training;
    REQUIRE(examples.size() == 10);
    CHECK(examples[3].text == "d");
    CHECK(examples[13].text == "d");
    CHECK(examples[(std::uint64_t{1} << 40) * 10 + 9].text == "j");
    Rng rng(42);
    examples.shuffle(rng);
    std::string order;
    for (const Example& example : all_of(examples)) order += example.text;
    CHECK(order == "hdcifgjeab");  // of Python: 7 3 2 8 5 6 9 4 0 1
  }

  TEST_CASE("examples: consecutive windows predict every character but the first once") {
    Rng rng(13);
    for (int round = 0; round < 500; ++round) {
      const std::size_t length = 1 + rng.below(60);
      const std::size_t block_size = 1 + rng.below(20);
      const std::string stream = random_document(rng, length);
      const auto windows = all_of(Examples::consecutive_windows(stream, block_size));
      std::u32string predicted;
      bool good = windows.size() == (length - 1 + block_size - 1) / block_size;
      for (std::size_t i = 0; i < windows.size(); ++i) {
        const std::u32string tokens = tokens_of(windows[i]);
        good =
            good && !windows[i].opens && !windows[i].closes && windows[i].positions() == tokens.size() - 1
            && (i + 1 == windows.size() ? tokens.size() <= block_size + 1 : tokens.size() == block_size + 1)
            && (i == 0 || tokens.front() == predicted.back());
        predicted += tokens.substr(1);
      }
      CAPTURE(stream);
      CAPTURE(block_size);
      if (!good) FAIL_CHECK("a window is not as it should be");
      if (predicted != tokens_of({stream, false, false}).substr(1))
        FAIL_CHECK("other characters are predicted");
    }
  }

  TEST_CASE("examples: a sample is evenly spread, of the positions asked for, and the same each time") {
    std::string stream;
    for (int i = 0; i < 1001; ++i) stream += static_cast<char>('a' + i % 26);
    const auto windows = Examples::consecutive_windows(stream, 10);  // 100 of 10 positions
    CHECK(windows.positions() == 1000);
    CHECK(windows.sample(1000).size() == 100);
    CHECK(windows.sample(5'000'000'000).size() == 100);
    for (const std::size_t most : {999U, 250U, 95U, 10U, 1U}) {
      const Examples some = windows.sample(most);
      INFO("at most ", most);
      CHECK(some.positions() <= std::max<std::size_t>(most, 10));
      CHECK(some.positions() + 10 > most);
      // The n-th of them lies within the n-th of as many stretches.
      for (std::size_t i = 0; i < some.size(); ++i) {
        const auto at = static_cast<std::size_t>(some[i].text.data() - stream.data());
        CHECK((at / 10 + 1) * some.size() > i * 100);
        CHECK(at / 10 * some.size() < (i + 1) * 100);
        CHECK(windows.sample(most)[i].text.data() == some[i].text.data());
      }
    }
  }

  TEST_CASE("examples: random windows start at every character alike and end within the stream") {
    Rng rng(14);
    const std::string stream = random_document(rng, 40);
    constexpr std::size_t kBlock = 4;
    const Examples windows = Examples::random_windows(stream, kBlock, 99);
    std::map<std::size_t, int> starts;
    for (std::uint64_t n = 0; n < 36'000; ++n) {
      const Example window = windows[n];
      if (count_code_points(window.text) != kBlock + 1 || window.opens || window.closes
          || find_invalid_utf8(window.text) != std::string_view::npos) {
        FAIL_CHECK("window " << n << " is not " << kBlock + 1 << " characters of the stream");
      }
      ++starts[static_cast<std::size_t>(window.text.data() - stream.data())];
    }
    // 36 places, about 1000 each: 5 standard deviations are 156.
    CHECK(starts.size() == 36);
    for (const auto& start : starts) {
      CAPTURE(start.first);
      CHECK(std::abs(start.second - 1000) < 156);
    }
  }

  TEST_CASE("examples: a random window hangs on its number and the key alone") {
    Rng rng(15);
    const std::string stream = random_document(rng, 5000);
    const Examples one = Examples::random_windows(stream, 8, 1);
    const Examples same = Examples::random_windows(stream, 8, 1);
    const Examples other = Examples::random_windows(stream, 8, 2);
    int differ = 0;
    int repeat = 0;
    for (std::uint64_t n = 300; n-- > 0;) {  // backwards: what was asked for before does not matter
      differ += one[n].text.data() != other[n].text.data() ? 1 : 0;
      repeat += one[n].text.data() == one[n + 1].text.data() ? 1 : 0;
    }
    for (std::uint64_t n = 0; n < 300; ++n) CHECK(one[n].text.data() == same[n].text.data());
    CHECK(differ > 290);
    CHECK(repeat < 5);
    // Just one place where a window may start.
    const Examples only = Examples::random_windows(stream, 4999, 1);
    CHECK(only[0].text.size() == stream.size());
    CHECK(only[7].text.data() == stream.data());
  }

  TEST_CASE("examples: split predicts every character and the end exactly once") {
    Rng rng(11);
    for (int round = 0; round < 4000; ++round) {
      const std::size_t length = 1 + rng.below(60);
      const std::size_t block_size = 1 + rng.below(20);
      const std::string document = random_document(rng, length);
      const Dataset dataset = lines_dataset(document);
      const auto examples = examples_of(dataset, block_size, LongDocuments::split);
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
      const Dataset dataset = lines_dataset(document);
      const auto examples = examples_of(dataset, block_size, LongDocuments::cut);
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
