#include "microgpt/text/corpus.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "microgpt/text/utf8.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  Dataset dataset_of(const std::string& text, DataMode mode = DataMode::lines) {
    return Dataset::from_text(text, mode, ByteOrderMark::drop);
  }

  Corpus corpus_of(const std::string& text, const DataConfig& config, std::size_t block_size) {
    Rng rng(42);
    return Corpus::make(dataset_of(text, config.mode), config, block_size, rng);
  }

  TextSummary summary_of(const std::string& text, std::size_t block_size = 8) {
    return split_dataset(dataset_of(text), {}, block_size).summary;
  }

  std::vector<std::string> texts_of(const Examples& examples) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < examples.size(); ++i) texts.emplace_back(examples[i].text);
    return texts;
  }

  /// The lines that are held out.
  std::vector<std::string> held_out_of(const std::vector<std::string>& lines, double fraction) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    const Dataset dataset = dataset_of(text);
    return texts_of(split_dataset(dataset, {.held_out = fraction}, 64).held_out);
  }

  }  // namespace

  TEST_CASE("corpus: the summary counts what is there") {
    const TextSummary some = summary_of("ab\ncd\n\nab\n  caf\xc3\xa9 \n123456789\n12345678\n1234567\nab");
    CHECK(some.documents == 8);
    CHECK(some.distinct == 6);
    CHECK(some.characters == 2 + 2 + 2 + 4 + 9 + 8 + 7 + 2);
    CHECK(some.longest == 9);
    CHECK(some.too_long == 2);  // 8 characters and the end do not fit 8 predictions
    CHECK(some.held_out == 0);
    CHECK(summary_of("\xc3\xa9\xc3\xa9\xc3\xa9\nabcd").longest == 4);  // in characters, not bytes
    CHECK(summary_of("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\nabc", 5).too_long == 0);
  }

  TEST_CASE("corpus: distinct documents are told apart whatever stands around them") {
    // All lengths up to 20 at all distances from the end of the text and from one another.
    Rng rng(5);
    for (int round = 0; round < 300; ++round) {
      std::string text;
      std::set<std::string> expected;
      const std::uint32_t count = 1 + rng.below(40);
      for (std::uint32_t i = 0; i < count; ++i) {
        std::string line;
        const std::uint32_t length = 1 + rng.below(rng.below(2) == 0 ? 3 : 20);
        for (std::uint32_t j = 0; j < length; ++j) append_utf8(line, rng.below(3) == 0 ? U'\u00ff' : U'\0');
        expected.insert(line);
        text += line + '\n';
      }
      text.pop_back();
      const TextSummary summary = summary_of(text);
      CHECK(summary.documents == count);
      CHECK(summary.distinct == expected.size());
    }
  }

  TEST_CASE("corpus: a million distinct documents") {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + '\n';
    const Corpus corpus = corpus_of(text + text, {.held_out = 0.1}, 16);
    CHECK(corpus.summary.documents == 2'000'000);
    CHECK(corpus.summary.distinct == 1'000'000);
    CHECK(corpus.summary.distinct_is_exact);
    CHECK(corpus.summary.longest == 6);
    CHECK(corpus.training.size() + corpus.held_out.size() == 2'000'000);
    CHECK(corpus.held_out.size() == corpus.summary.held_out);
    CHECK(corpus.held_out.size() % 2 == 0);  // both of a pair
    CHECK(std::abs(static_cast<double>(corpus.held_out.size()) - 200'000) < 2 * 4 * 300);
    CHECK(corpus.tokenizer.vocab_size() == 11);
  }

  TEST_CASE("corpus: of more than a million distinct documents it is known that there are more") {
    std::string text;
    for (int i = 0; i <= 1'000'000; ++i) text += std::to_string(i) + '\n';
    const TextSummary summary = summary_of(text + text);
    CHECK(summary.documents == 2'000'002);
    CHECK(summary.distinct == 1'000'000);
    CHECK(!summary.distinct_is_exact);
  }

  TEST_CASE("corpus: a line of a hundred million characters") {
    constexpr std::size_t kLength = 100'000'000;
    std::string text(kLength, 'a');
    text[kLength - 1] = 'z';
    Rng rng(1);
    const Dataset dataset = Dataset::from_text(std::move(text), DataMode::lines, ByteOrderMark::drop);
    for (const LongDocuments mode : {LongDocuments::cut, LongDocuments::split}) {
      const Split split = split_dataset(dataset, {.long_documents = mode}, 1000);
      CHECK(split.summary.documents == 1);
      CHECK(split.summary.longest == kLength);
      CHECK(split.summary.too_long == 1);
      CHECK(split.training.size() == (mode == LongDocuments::cut ? 1 : kLength / 1000 + 1));
      CHECK(split.training[0].text.size() == 1000);
      const Example last = split.training[split.training.size() - 1];
      CHECK(last.closes == (mode == LongDocuments::split));
      CHECK(last.text.back() == (mode == LongDocuments::split ? 'z' : 'a'));
    }
  }

  TEST_CASE("corpus: one document, one character") {
    const Corpus corpus = corpus_of("a", {}, 4);
    CHECK(corpus.tokenizer.vocab_size() == 2);
    CHECK(corpus.training.size() == 1);
    CHECK(corpus.training[5].text == "a");
    CHECK(corpus_of("aaa\naa\n", {.mode = DataMode::stream}, 1).tokenizer.vocab_size() == 3);
    const Failure got = failure_of([] { corpus_of("a", {.path = "p", .held_out = 0.5}, 4); });
    CHECK(got.fault == 3);
    CHECK(got.is_one_line());
  }

  TEST_CASE("corpus: the vocabulary is that of the documents") {
    // White space at the ends of lines is of none; rare characters come late.
    const std::string text = " a\tb \n" + std::string(100, 'a') + "\n\xc2\xa0" + std::string(70, 'b')
                             + "\xe2\x82\xac" + std::string(33, 'a') + "~\xc3\xa9\r\n";
    const Corpus corpus = corpus_of(text, {}, 4);
    const auto characters = corpus.tokenizer.characters();
    CHECK(std::u32string(characters.begin(), characters.end()) == U"\tab~\u00e9\u20ac");
    const Corpus stream = corpus_of("ab\r\nc ", {.mode = DataMode::stream}, 4);
    const auto all = stream.tokenizer.characters();
    CHECK(std::u32string(all.begin(), all.end()) == U"\n abc");
  }

  TEST_CASE("corpus: the split keeps equal lines together and its fraction") {
    std::vector<std::string> lines;
    for (int i = 0; i < 20'000; ++i) lines.push_back("name" + std::to_string(i % 15'000));
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    std::map<double, std::size_t> held;
    for (const double fraction : {0.0, 0.01, 0.1, 0.5, 0.9}) {
      CAPTURE(fraction);
      const Dataset dataset = dataset_of(text);
      const Split split = split_dataset(dataset, {.held_out = fraction}, 64);
      CHECK(split.training.size() + split.held_out.size() == lines.size());
      CHECK(split.summary.held_out == split.held_out.size());
      CHECK(split.summary.distinct == 15'000);
      const auto held_out = texts_of(split.held_out);
      const std::set<std::string> out(held_out.begin(), held_out.end());
      std::size_t both = 0;
      for (const std::string& line : texts_of(split.training)) both += out.contains(line) ? 1U : 0U;
      CHECK(both == 0);
      // Four standard deviations of 15,000 independent choices.
      const double expected = 15'000 * fraction;
      CHECK(std::abs(static_cast<double>(out.size()) - expected) <= 4 * std::sqrt(expected * (1 - fraction)));
      held[fraction] = split.held_out.size();
    }
    CHECK(held[0.0] == 0);
    CHECK(held[0.01] < held[0.1]);
  }

  TEST_CASE("corpus: the documents are sorted by the hash that docs/config.md specifies") {
    // The specification again, a byte at a time and without the tricks of the code.
    const auto unit_of = [](std::string document) {
      document += '\xff';
      while (document.size() % 8 != 0) document += '\0';
      std::uint64_t h = 0xcbf29ce484222325U;
      for (std::size_t at = 0; at < document.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = 8; i-- > 0;) word = word << 8 | static_cast<unsigned char>(document[at + i]);
        h = (h ^ word) * 0x9fb21c651e98df25U;
        h ^= h >> 32;
      }
      h = (h ^ h >> 33) * 0xff51afd7ed558ccdU;
      h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53U;
      return static_cast<double>((h ^ h >> 33) >> 11) / 9007199254740992.0;
    };
    Rng rng(5);
    std::string text;
    std::vector<std::string> training, held_out;
    for (int n = 0; n < 2000; ++n) {
      std::string line;
      for (std::uint32_t length = 1 + rng.below(20); line.size() < length;) {
        append_utf8(line, rng.below(4) == 0 ? U'\u3042' : U'a' + rng.below(26));
      }
      text += line + '\n';
      const double unit = unit_of(line);
      if (unit < 0.1) {
        held_out.push_back(line);
      } else if (unit < 0.8) {
        training.push_back(line);
      }
    }
    const Dataset dataset = dataset_of(text);
    const Split split = split_dataset(dataset, {.held_out = 0.1, .test = 0.2}, 64);
    CHECK(held_out.size() > 100);
    CHECK(texts_of(split.held_out) == held_out);
    CHECK(texts_of(split.training) == training);
  }

  TEST_CASE("corpus: the split does not hang on the order or the others") {
    std::vector<std::string> lines;
    for (int i = 0; i < 1000; ++i) lines.push_back(std::to_string(i * 7919));
    const auto held_out = held_out_of(lines, 0.2);
    CHECK(std::is_sorted(held_out.begin(), held_out.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); }));
    auto other = held_out_of({lines.rbegin(), lines.rend()}, 0.2);
    std::reverse(other.begin(), other.end());
    CHECK(other == held_out);
    const auto more = held_out_of(lines, 0.3);  // others too, not others instead
    CHECK(std::includes(more.begin(), more.end(), held_out.begin(), held_out.end(),
                        [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); }));
    for (const std::string& line : lines) {
      const bool together = std::find(held_out.begin(), held_out.end(), line) != held_out.end();
      if (held_out_of({line}, 0.2).size() != (together ? 1 : 0))
        FAIL_CHECK("another verdict alone: " << line);
    }
  }

  TEST_CASE("corpus: the end of a stream is held out") {
    Rng rng(21);
    std::string text;
    for (int i = 0; i < 1000; ++i) append_utf8(text, U"ab\n\u00e9\U0001f600"[rng.below(5)]);
    const DataConfig config = {.mode = DataMode::stream, .held_out = 0.25};
    const Corpus corpus = corpus_of(text, config, 10);
    CHECK(corpus.summary.characters == 1000);
    CHECK(corpus.summary.held_out > 200);
    CHECK(corpus.summary.held_out < 300);
    // In one piece, from the first window to the end of the text.
    const std::string_view all = corpus.dataset.text();
    const Example first = corpus.held_out[0];
    const auto begin = static_cast<std::size_t>(first.text.data() - all.data());
    CHECK(count_code_points(all.substr(begin)) == corpus.summary.held_out);
    const Example last = corpus.held_out[corpus.held_out.size() - 1];
    CHECK(last.text.data() + last.text.size() == all.data() + all.size());
    // No training window reaches into it; some begins at the start of the text.
    std::size_t farthest = 0;
    std::size_t nearest = all.size();
    for (std::uint64_t n = 0; n < 20'000; ++n) {
      const std::string_view window = corpus.training[n].text;
      nearest = std::min(nearest, static_cast<std::size_t>(window.data() - all.data()));
      farthest = std::max(farthest, static_cast<std::size_t>(window.data() - all.data()) + window.size());
    }
    CHECK(nearest == 0);
    CHECK(farthest == begin);
  }

  TEST_CASE("corpus: test documents are apart, and neither fraction moves the other") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * 104'729) + '\n';
    const Dataset dataset = dataset_of(text);
    const auto sides = [&](double held_out, double test) {
      return split_texts(dataset, {.held_out = held_out, .test = test});
    };
    const Sides both = sides(0.2, 0.1);
    CHECK(both.training.size() + both.held_out.size() + both.test.size() == 5000);
    CHECK(both.held_out == sides(0.2, 0).held_out);
    CHECK(both.test == sides(0.5, 0.1).test);
    CHECK(sides(0.2, 0).test.empty());
    // Four standard deviations.
    CHECK(std::abs(static_cast<double>(both.test.size()) - 500) <= 4 * std::sqrt(500 * 0.9));
    for (const auto document : both.test) {
      CHECK(std::find(both.held_out.begin(), both.held_out.end(), document) == both.held_out.end());
    }
    // The examples are of the same documents.
    const Split split = split_dataset(dataset, {.held_out = 0.2, .test = 0.1}, 64);
    CHECK(texts_of(split.training) == std::vector<std::string>(both.training.begin(), both.training.end()));
    CHECK(texts_of(split.held_out) == std::vector<std::string>(both.held_out.begin(), both.held_out.end()));
    CHECK(split.summary.held_out == both.held_out.size());
    CHECK(split.summary.test == both.test.size());
  }

  TEST_CASE("corpus: a stream is cut into training, held-out and test part, and none reaches into another") {
    Rng rng(22);
    std::string text;
    for (int i = 0; i < 1000; ++i) append_utf8(text, U"ab\n\u00e9\U0001f600"[rng.below(5)]);
    const DataConfig config = {.mode = DataMode::stream, .held_out = 0.2, .test = 0.3};
    const Corpus corpus = corpus_of(text, config, 10);
    const Sides sides = split_texts(corpus.dataset, config);
    REQUIRE(sides.training.size() == 1);
    REQUIRE(sides.held_out.size() == 1);
    REQUIRE(sides.test.size() == 1);
    std::string whole(sides.training[0]);
    whole.append(sides.held_out[0]).append(sides.test[0]);
    CHECK(whole == text);
    for (const auto part : {sides.training[0], sides.held_out[0], sides.test[0]}) {
      CHECK(find_invalid_utf8(part) == std::string_view::npos);  // no character is cut
    }
    CHECK(corpus.summary.held_out == count_code_points(sides.held_out[0]));
    CHECK(corpus.summary.test == count_code_points(sides.test[0]));
    CHECK(std::abs(static_cast<double>(sides.test[0].size()) - 0.3 * static_cast<double>(text.size())) < 5);
    const char* end = sides.training[0].data() + sides.training[0].size();
    for (std::uint64_t n = 0; n < 5000; ++n) {
      const std::string_view window = corpus.training[n].text;
      CHECK(window.data() + window.size() <= end);
    }
    for (const std::string& window : texts_of(corpus.held_out))
      CHECK(sides.held_out[0].find(window) != window.npos);
    CHECK(split_texts(dataset_of("abc", DataMode::stream), {.mode = DataMode::stream}).held_out.empty());
  }

  TEST_CASE("corpus: a cut that falls into a character goes behind it") {
    const Dataset dataset = dataset_of("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", DataMode::stream);
    const Sides sides = split_texts(dataset, {.mode = DataMode::stream, .held_out = 0.5});  // at byte 4 of 9
    REQUIRE(sides.training.size() == 1);
    REQUIRE(sides.held_out.size() == 1);
    CHECK(sides.training[0] == "\xe2\x82\xac\xe2\x82\xac");
    CHECK(sides.held_out[0] == "\xe2\x82\xac");
  }

  TEST_CASE("corpus: a stream shorter than a window is refused") {
    const DataConfig config = {.path = "short.txt", .mode = DataMode::stream};
    CHECK(corpus_of("abcde", config, 4).training[0].text == "abcde");
    const Failure got = failure_of([&] { corpus_of("abcde", config, 5); });
    CHECK(got.is_one_line());
    CHECK(got.is(Fault::data, {.what = "too short", .where = "short.txt", .hint = "model.block_size"}));
    CHECK(got.is(Fault::data, {.hint = "5 characters"}));
    const Failure tail = failure_of(
        [&] { corpus_of("abcdefgh", {.path = "t", .mode = DataMode::stream, .held_out = 0.1}, 4); });
    // One character predicts nothing.
    CHECK(tail.is(Fault::data, {.what = "no held-out text", .where = "t", .hint = "data.held_out"}));
  }

  TEST_CASE("corpus: a single document leaves nothing to train on, or nothing to judge by") {
    int nothing_to_train_on = 0;
    int nothing_to_judge_by = 0;
    for (int i = 0; i < 200; ++i) {
      const Failure got = failure_of([&] {
        corpus_of(std::to_string(i * 7919), {.path = "one.txt", .held_out = 0.25, .test = 0.25}, 4);
      });
      const auto is = [&](const std::string& what) {
        return got.is(Fault::data, {.what = what, .where = "one.txt", .hint = "data.held_out"});
      };
      nothing_to_train_on += is("nothing to train on") ? 1 : 0;
      nothing_to_judge_by += is("no held-out documents") ? 1 : 0;
    }
    CHECK(nothing_to_train_on + nothing_to_judge_by == 200);
    CHECK(std::abs(nothing_to_train_on - 100) < 29);  // four standard deviations
  }

  TEST_CASE("corpus: the same seed gives the same windows, another gives others") {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += std::to_string(i);
    const auto first_windows = [&](std::uint64_t seed) {
      Rng rng(seed);
      const DataConfig config = {.mode = DataMode::stream};
      const Corpus corpus = Corpus::make(dataset_of(text, config.mode), config, 20, rng);
      std::string windows;
      for (std::uint64_t n = 0; n < 20; ++n) windows += corpus.training[n].text;
      return windows;
    };
    CHECK(first_windows(1) == first_windows(1));
    CHECK(first_windows(1) != first_windows(2));
  }

  TEST_CASE("corpus: texts that are there already are not new") {
    const std::vector<std::string> texts = {"one", "tw", "two", "two", "three", "", "o\nt", "  ", "\n\n"};
    CHECK(corpus_of("one\ntwo\nfour", {}, 4).count_new(texts) == 3);     // tw, three, o\nt
    CHECK(corpus_of("one\ntwo\nfour", {}, 4).count_new(texts, 2) == 2);  // tw was cut, and is a piece
    std::string many;
    for (int i = 0; i < 140'000; ++i) many += std::to_string(i) + '\n';
    const std::vector<std::string> numbers = {"0", "65535", "65536", "139999", "140000", "140001"};
    CHECK(corpus_of(many, {}, 4).count_new(numbers) == 2);
    CHECK(corpus_of("one\ntwo", {}, 4).count_new({}) == 0);
    const std::vector<std::string> parts = {"e\ntw", "one", "w\no", "three"};
    CHECK(corpus_of("one\ntwo", {.mode = DataMode::stream}, 4).count_new(parts) == 2);
  }

  TEST_CASE("corpus: every line of a file is trained on once a round") {
    const TempFolder folder;
    write_bytes(folder / "t.txt", "b\na\nc\nb\n");
    Rng rng(3);
    const Corpus corpus = Corpus::load({.path = (folder / "t.txt").string()}, 4, rng);
    auto texts = texts_of(corpus.training);
    std::sort(texts.begin(), texts.end());
    CHECK(texts == std::vector<std::string>{"a", "b", "b", "c"});
  }
}
