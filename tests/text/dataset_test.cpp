#include "microgpt/text/dataset.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "microgpt/base/sha256.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using Documents = std::vector<std::string_view>;

  Dataset lines(const std::string& text, ByteOrderMark mark = ByteOrderMark::drop) {
    return Dataset::from_text(text, DataMode::lines, mark);
  }
  Dataset paragraphs(const std::string& text) {
    return Dataset::from_text(text, DataMode::paragraphs, ByteOrderMark::drop);
  }
  Dataset stream(const std::string& text) {
    return Dataset::from_text(text, DataMode::stream, ByteOrderMark::drop);
  }
  std::string evenly(const std::string& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  }
  Failure failure(const std::string& text) {
    return failure_of([&] { lines(text); });
  }

  }  // namespace

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
    CHECK(failure("\xef\xbb\xbf").is(Fault::data, {.what = "no documents"}));
    CHECK(failure("\xef\xbb\xbf\n \n").is(Fault::data, {.what = "no documents"}));
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
    CHECK(failure_of([] { paragraphs("\n \n\n"); }).is(Fault::data, {.what = "no documents"}));
  }

  TEST_CASE("dataset: the text is its documents and what parts them") {
    CHECK(lines(" a \n\n\tb\n \ncd").text() == "a\xff" "b\xff" "cd");
    CHECK(lines("a\n").text() == "a");
    CHECK(paragraphs("a\nb \n\n c").text() == "a\nb\xff" "c");
    CHECK(lines(" a \n\n\tb\n \ncd").size() == 3);
    CHECK(lines("a\xc3\xa9\nb").mode() == DataMode::lines);
  }

  TEST_CASE("dataset: a stream is the text as it stands but for its line ends") {
    const auto data = stream("\xef\xbb\xbf  one\r\n\r\ntwo\rthree \n\n");
    CHECK(data.text() == "  one\n\ntwo\nthree \n\n");
    CHECK(data.size() == 0);
    CHECK(data.documents().empty());
    CHECK(data.notices().size() == 2);
    for (const std::string text : {"", "\n\n", " \t\r\n"}) {
      const Failure got = failure_of([&] { stream(text); });
      CHECK(got.is(Fault::data, {.what = "no documents"}));
    }
  }

  TEST_CASE("dataset: a text without documents is refused") {
    for (const std::string text : {"", "\n", "\n\n\n", " ", "\t \r\n \r", "\xc2\xa0\n\xe3\x80\x80"}) {
      const Failure got = failure(text);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "no documents", .where = "text"}));
      CHECK(got.is_one_line());
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
        {"one\ncaf\xe9\nthree\n", "line 2, byte 7", "--encoding NAME"},
        {"a\x80", "line 1, byte 1", "--encoding NAME"},
        {"a\xed\xa0\xbd", "line 1, byte 1", "half of a surrogate pair"},
        {"a\xed\xa0", "line 1, byte 1", "--encoding NAME"},
        {"a\xc0", "line 1, byte 1", "--encoding NAME"},
        {"a\xf5", "line 1, byte 1", "--encoding NAME"},
        {"a\xe0\x80", "line 1, byte 1", "--encoding NAME"},
        {"ok\nr\xc3", "line 2, byte 4", "ends in the middle of a character"},
        {"a\xe0", "line 1, byte 1", "ends in the middle of a character"},
        {"a\xed\x9f", "line 1, byte 1", "ends in the middle of a character"},
        {"a\xf0\x9f\x98", "line 1, byte 1", "ends in the middle of a character"},
        {"a\xf4\x8f", "line 1, byte 1", "ends in the middle of a character"},
        {"a\xf4\x90", "line 1, byte 1", "--encoding NAME"},
        {"caf\xe9\n\xc3", "line 1, byte 3", "--encoding NAME"},  // the first fault is not at the end
        {"d\xc3\xa9j\xc3\xa0\ncaf\xe9 au\n", "line 2, byte 10", "most of the text is UTF-8"},
        {"d\xc3\xa9j\xc3\xa0\ncaf\xe9", "line 2, byte 10", "ends in the middle of a character"},
        {evenly("\xc3\xa9", 9) + std::string(99'999, 'x') + "\xe9 au", "byte 100017", "--encoding NAME"},
        {evenly("\xe2\x82\xac", 50'000) + "\xe9 au", "byte 150000", "most of the text is UTF-8"},
        {"\x80 au", "line 1, byte 0", "--encoding NAME"},
        {"one caf\xe9", "line 1, byte 7", "cut short; or else it"},
        {"a\xed\x9f\x41", "line 1, byte 1", "--encoding NAME"},
        {"a\xed\xc3\xbd", "line 1, byte 1", "--encoding NAME"},
        {"a\xed\xa0\x41", "line 1, byte 1", "--encoding NAME"},
        {"a\nb\n\n\xe2\x82", "line 4, byte 5", "ends in the middle of a character"},
        {"\xff\xfe"
         "a\0b\0"s,
         "line 1, byte 0", "--encoding utf-16"},
        {"\xfe\xff\0a\0b"s, "line 1, byte 0", "UTF-16"},
        {"\xff\xfe\0\0a\0\0\0"s, "line 1, byte 0", "--encoding utf-32"},
        {"\0\0\xfe\xff\0\0\0a"s, "line 1, byte 2", "UTF-32"},
        {"%PDF-1.4\n\xe2\xe3"s, "line 2, byte 9", "PDF"},
        {"{\\rtf1 caf\xe9 }"s, "line 1, byte 10", "RTF"},
        {std::string(257, 'x') + "ustar\xff "s, "line 1, byte 262", "tar"},
        {"\x1f\x8b\x08\0\0\0\0\0"s, "line 1, byte 1", "gzip"},
        {"\x89PNG\r\n\x1a\n\0\0\0\x0d"s, "line 1, byte 0", "picture"},
        {"PK\x03\x04\x14\0\0\0\xbf"s, "byte 8", "zip"},
        {"\xfd"
         "7zXZ\0\0\x04"s,
         "byte 0", "xz"},
        {"\x28\xb5\x2f\xfd\x04"s, "byte 1", "zstd"},
        {"BZh91AY&SY\xd8"s, "byte 10", "bzip2"},
        {"7z\xbc\xaf\x27\x1c\0"s, "byte 2", "7z"},
        {"a\0b\0c\0d\0e\0f\0\n\0g\0"s, "line 1, byte 1", "UTF-16"},  // valid UTF-8, full of NUL
        {"\0a\0b\0c\0d\0e\0f\0\n\0g"s, "line 1, byte 0", "UTF-16"},
        {"\x7f"
         "ELF\x02\0\0\xff"s,
         "byte 7", "binary"},
    };
    for (const Case& each : cases) {
      const Failure got = failure(each.text);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "not valid UTF-8", .hint = each.guess}));
      CHECK(got.is_one_line());
      CHECK(got.parts.where.starts_with("text, line "));
      CHECK(got.parts.where.ends_with(each.where));
    }
    // Of fewer than 8 bytes, or with a NUL elsewhere, it is not said that they are UTF-16.
    for (const std::string& text :
         {"a\0b\0c\0d"s, "\0a"s, "a\0b\0c\0d\0e"s.replace(3, 1, "x"), "abc\0d\0e\0f\0"s}) {
      CHECK(failure(text).fault == 0);
    }
  }

  TEST_CASE("dataset: a file of another kind is refused though it is plain ASCII") {
    const auto tar = [](std::size_t at) {
      std::string header = std::string("opal.txt") + std::string(at - 8, '\0') + "ustar";
      return header + std::string(512 - header.size(), '\0') + "opal\n";
    };
    const auto is_kind = [&](const std::string& text, const std::string& kind) {
      return failure(text).is(Fault::data, {.what = "not a text", .where = "text", .hint = kind});
    };
    CHECK(is_kind(tar(257), "tar archive"));
    CHECK(is_kind("%PDF-1.4\n", "PDF"));
    CHECK(is_kind("{\\rtf1 a}", "RTF"));
    // The same letters elsewhere are a text's own.
    for (const std::string& text :
         {tar(256), tar(258), std::string("a %PDF-\n"), std::string("a {\\rtf1 a}"), std::string("{\\rt"),
          std::string("%PDF"), std::string(257, 'x') + "usta"}) {
      CHECK(failure(text).fault == 0);
    }
  }

  TEST_CASE("dataset: a file is read as it stands and its digest is that of its bytes") {
    const TempFolder folder;
    const std::string bytes = "\xef\xbb\xbfone\r\ntwo";
    write_bytes(folder / "t.txt", bytes);
    const auto data = Dataset::load(folder / "t.txt", DataMode::lines, ByteOrderMark::drop);
    CHECK(data.documents() == Documents{"one", "two"});
    CHECK(data.digest() == sha256(bytes));
  }

  TEST_CASE("dataset: a file of 4 GiB is refused before it is read") {
    const TempFolder folder;
    write_bytes(folder / "large", "");
    std::filesystem::resize_file(folder / "large", std::uintmax_t{1} << 32);  // of nothing
    const Failure got =
        failure_of([&] { Dataset::load(folder / "large", DataMode::lines, ByteOrderMark::keep); });
    CHECK(got.is(Fault::data, {.where = (folder / "large").string(), .hint = "4294967296 bytes"}));
  }

  TEST_CASE("dataset: a path that is no readable text is refused at once") {
    const TempFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    write_bytes(folder / "empty", "");
    write_bytes(folder / "closed", "x");
    for (const auto& path : {folder.path(), folder / "fifo", folder / "missing", folder / "empty",
                             std::filesystem::path("/dev/zero")}) {
      const Failure got = failure_of([&] { Dataset::load(path, DataMode::lines, ByteOrderMark::drop); });
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.names(path.string()));
    }
    std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
    const bool is_root = ::geteuid() == 0;  // who may read anything, until it is somebody else
    if (is_root) REQUIRE(::seteuid(65534) == 0);
    const Failure closed =
        failure_of([&] { Dataset::load(folder / "closed", DataMode::lines, ByteOrderMark::drop); });
    if (is_root) REQUIRE(::seteuid(0) == 0);
    CHECK(closed.fault == 3);
    CHECK(closed.names("Permission denied"));
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
}
