#include "microgpt/text/dataset.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "microgpt/base/sha256.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace microgpt;
using namespace microgpt::test;
using Documents = std::vector<std::string_view>;

Dataset lines(const std::string& text, ByteOrderMark mark = ByteOrderMark::drop) {
  return Dataset::from_text(text, DocumentKind::lines, mark);
}
Dataset paragraphs(const std::string& text) {
  return Dataset::from_text(text, DocumentKind::paragraphs, ByteOrderMark::drop);
}
Failure failure(const std::string& text) {
  return failure_of([&] { lines(text); });
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("dataset: a document is a line without the white space around it") {
    CHECK(lines("one\ntwo\n").documents() == Documents{"one", "two"});
    CHECK(lines("one\ntwo").documents() == Documents{"one", "two"});  // no newline at the end
    CHECK(lines("x").documents() == Documents{"x"});
    CHECK(lines("\n\n a \n \t\n\nb\n\n\n").documents() == Documents{"a", "b"});
    CHECK(lines("a b\tc\n").documents() == Documents{"a b\tc"});
    CHECK(lines("twice\ntwice\n").documents() == Documents{"twice", "twice"});
    CHECK(lines("one\n").notices().empty());
  }

  TEST_CASE("dataset: all line ends are one") {
    const auto mixed = lines("a\r\nb\rc\n\rd\r\r\ne\r");
    CHECK(mixed.documents() == Documents{"a", "b", "c", "d", "e"});
    REQUIRE(mixed.notices().size() == 1);
    CHECK(mixed.notices()[0].starts_with("6 line ends"));
    CHECK(lines("a\rb").documents() == Documents{"a", "b"});
    // White space of Unicode is taken from the ends of a line; only \n, \r\n and \r end one.
    CHECK(lines("\xc2\xa0"
                "a\xe3\x80\x80\n\xe2\x80\xa8"
                "b\xc2\x85\n")
              .documents()
          == Documents{"a", "b"});
    for (const std::string inside : {"a\xe2\x80\xa8"
                                     "b",
                                     "a\xe2\x80\xa9"
                                     "b",
                                     "a\xc2\x85"
                                     "b",
                                     "a\x0b"
                                     "b",
                                     "a\x0c"
                                     "b",
                                     "a\x1c"
                                     "b",
                                     "a\xc2\xa0"
                                     "b",
                                     "a\xe3\x80\x80"
                                     "b"}) {
      CAPTURE(inside);
      CHECK(lines(inside + "\n").documents() == Documents{inside});
    }
    CHECK(lines("\xc2\xa0\n\xe3\x80\x80\nx").documents() == Documents{"x"});  // blank lines too
  }

  TEST_CASE("dataset: a byte order mark is dropped with a notice or kept") {
    const auto dropped = lines(
        "\xef\xbb\xbf"
        "a\nb");
    CHECK(dropped.documents() == Documents{"a", "b"});
    REQUIRE(dropped.notices().size() == 1);
    CHECK(dropped.notices()[0].find("byte order mark") != std::string::npos);
    const auto kept = lines(
        "\xef\xbb\xbf"
        "a\nb",
        ByteOrderMark::keep);
    CHECK(kept.documents()
          == Documents{"\xef\xbb\xbf"
                       "a",
                       "b"});
    CHECK(kept.notices().empty());
    CHECK(lines("a\n\xef\xbb\xbf"
                "b")
              .documents()
          == Documents{"a",
                       "\xef\xbb\xbf"
                       "b"});
    CHECK(failure("\xef\xbb\xbf").names("no documents"));
    CHECK(failure("\xef\xbb\xbf\n \n").names("no documents"));
  }

  TEST_CASE("dataset: control characters are kept and told") {
    const auto data = lines(std::string("a\0b\n\x1b[1m\x7f\n", 10));
    CHECK(data.documents() == Documents{std::string_view("a\0b", 3), "\x1b[1m\x7f"});
    REQUIRE(data.notices().size() == 1);
    CHECK(data.notices()[0] == "3 control characters are kept as characters");
    CHECK(lines("a\tb\x1c"
                "c\n")
              .notices()
              .empty());  // white space is not told
  }

  TEST_CASE("dataset: paragraphs are lines up to a blank one") {
    CHECK(paragraphs("a\nb\n\nc\n").documents() == Documents{"a\nb", "c"});
    CHECK(paragraphs("\n\n  a  \n  b  \n \t \n\n\nc").documents() == Documents{"a  \n  b", "c"});
    CHECK(paragraphs("a\r\nb\r\n\r\nc").documents() == Documents{"a\nb", "c"});
    CHECK(paragraphs("a\n\xe3\x80\x80\nb").documents() == Documents{"a", "b"});
    CHECK(paragraphs("only").documents() == Documents{"only"});
    CHECK(failure_of([] { paragraphs("\n \n\n"); }).names("no documents"));
  }

  TEST_CASE("dataset: a text without documents is refused") {
    for (const std::string text : {"", "\n", "\n\n\n", " ", "\t \r\n \r", "\xc2\xa0\n\xe3\x80\x80"}) {
      const Failure got = failure(text);
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.names("no documents: text"));
    }
  }

  TEST_CASE("dataset: what is not UTF-8 is refused with line and byte and a guess") {
    using namespace std::string_literals;
    struct Case {
      std::string text;
      std::string where;
      std::string guess;
    };
    const Case cases[] = {
        {"one\ncaf\xe9\nthree\n", "line 2, byte 7", "Latin-1"},
        {"a\x80", "line 1, byte 1", "Latin-1"},
        {"a\nb\n\n\xe2\x82", "line 4, byte 5", "Latin-1"},
        {"\xff\xfe"
         "a\0b\0"s,
         "line 1, byte 0", "UTF-16"},
        {"\xfe\xff\0a\0b"s, "line 1, byte 0", "UTF-16"},
        {"\x1f\x8b\x08\0\0\0\0\0"s, "line 1, byte 1", "gzip"},
        {"\x89PNG\r\n\x1a\n\0\0\0\x0d"s, "line 1, byte 0", "picture"},
        {"PK\x03\x04\x14\0\0\0\xbf"s, "byte 8", "zip"},
        {"\x7f"
         "ELF\x02\0\0\xff"s,
         "byte 7", "binary"},
    };
    for (const Case& each : cases) {
      const Failure got = failure(each.text);
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.names("not valid UTF-8: text"));
      CHECK(got.names(each.where));
      CHECK(got.names(each.guess));
    }
  }

  TEST_CASE("dataset: a file is read as it stands and its digest is that of its bytes") {
    const TempFolder folder;
    const std::string bytes = "\xef\xbb\xbfone\r\ntwo";
    write_bytes(folder / "t.txt", bytes);
    const auto data = Dataset::load(folder / "t.txt", DocumentKind::lines, ByteOrderMark::drop);
    CHECK(data.documents() == Documents{"one", "two"});
    CHECK(data.digest() == sha256(bytes));
  }

  TEST_CASE("dataset: a path that is no readable text is refused at once") {
    const TempFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    write_bytes(folder / "empty", "");
    write_bytes(folder / "closed", "x");
    for (const auto& path : {folder.path(), folder / "fifo", folder / "missing", folder / "empty",
                             std::filesystem::path("/dev/zero")}) {
      const Failure got = failure_of([&] { Dataset::load(path, DocumentKind::lines, ByteOrderMark::drop); });
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.names(path.string()));
    }
    if (::geteuid() == 0) return;  // root may read anything
    std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
    CHECK(failure_of([&] {
            Dataset::load(folder / "closed", DocumentKind::lines, ByteOrderMark::drop);
          }).names("Permission denied"));
  }

  TEST_CASE("dataset: a moved one keeps its documents") {
    Dataset first = lines("a\nb");  // short enough for a string to hold within itself
    const Dataset second = std::move(first);
    std::vector<Dataset> many;
    many.push_back(lines("c\nd"));
    for (int i = 0; i < 20; ++i) many.push_back(lines("x"));
    CHECK(second.documents() == Documents{"a", "b"});
    CHECK(many[0].documents() == Documents{"c", "d"});
  }

  TEST_CASE("dataset: the split keeps equal lines together and its fraction") {
    std::vector<std::string> texts;
    for (int i = 0; i < 20'000; ++i) texts.push_back("name" + std::to_string(i % 15'000));
    const Documents documents(texts.begin(), texts.end());
    std::map<double, std::size_t> held;
    for (const double fraction : {0.0, 0.01, 0.1, 0.5, 0.9}) {
      CAPTURE(fraction);
      const Split split = split_by_hash(documents, fraction);
      CHECK(split.training.size() + split.held_out.size() == documents.size());
      const std::map<std::string_view, int> out = [&] {
        std::map<std::string_view, int> counts;
        for (const auto document : split.held_out) ++counts[document];
        return counts;
      }();
      std::size_t both = 0;
      for (const auto document : split.training) both += out.contains(document) ? 1U : 0U;
      CHECK(both == 0);
      // Four standard deviations of 15,000 independent choices.
      const double expected = 15'000 * fraction;
      CHECK(std::abs(static_cast<double>(out.size()) - expected) <= 4 * std::sqrt(expected * (1 - fraction)));
      held[fraction] = split.held_out.size();
    }
    CHECK(held[0.0] == 0);
    CHECK(held[0.01] < held[0.1]);
  }

  TEST_CASE("dataset: the split does not hang on the order or the others") {
    std::vector<std::string> texts;
    for (int i = 0; i < 3000; ++i) texts.push_back(std::to_string(i * 7919));
    const Documents documents(texts.begin(), texts.end());
    const Split split = split_by_hash(documents, 0.2);
    CHECK(std::is_sorted(split.held_out.begin(), split.held_out.end(),
                         [&](auto a, auto b) { return a.size() < b.size(); }));  // the order stays
    Documents backwards(documents.rbegin(), documents.rend());
    auto other = split_by_hash(backwards, 0.2).held_out;
    std::reverse(other.begin(), other.end());
    CHECK(other == split.held_out);
    for (const auto document : documents) {
      const bool alone = split_by_hash({document}, 0.2).held_out.size() == 1;
      const bool together =
          std::find(split.held_out.begin(), split.held_out.end(), document) != split.held_out.end();
      if (alone != together) FAIL_CHECK("another verdict alone: " << document);
      // More held out means others too, not others instead.
      if (together && split_by_hash({document}, 0.3).held_out.empty()) {
        FAIL_CHECK("not within the larger part: " << document);
      }
    }
  }

  TEST_CASE("dataset: held-out and test documents are apart, and neither fraction moves the other") {
    std::vector<std::string> texts;
    for (int i = 0; i < 5000; ++i) texts.push_back(std::to_string(i * 104'729));
    const Documents documents(texts.begin(), texts.end());
    const Split both = split_by_hash(documents, 0.2, 0.1);
    CHECK(both.training.size() + both.held_out.size() + both.test.size() == documents.size());
    CHECK(both.held_out == split_by_hash(documents, 0.2).held_out);
    CHECK(both.test == split_by_hash(documents, 0.5, 0.1).test);
    CHECK(split_by_hash(documents, 0.2).test.empty());
    // Four standard deviations.
    CHECK(std::abs(static_cast<double>(both.test.size()) - 500) <= 4 * std::sqrt(500 * 0.9));
    for (const auto document : both.test) {
      CHECK(std::find(both.held_out.begin(), both.held_out.end(), document) == both.held_out.end());
    }
  }
}
