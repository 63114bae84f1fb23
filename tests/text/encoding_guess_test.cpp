#include "microgpt/text/encoding_guess.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "microgpt/base/file.hpp"
#include "microgpt/text/check_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/data.hpp"
#include "support/encodings.hpp"
#include "support/errors.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  std::vector<LikelyEncodings> likely(const std::string& bytes) {
    return likely_encodings(bytes, find_invalid_utf8(bytes));
  }

  /// What the bytes would read in an encoding that is among the likely ones, or "".
  std::string reading(const std::vector<LikelyEncodings>& all, const std::string& encoding) {
    for (const LikelyEncodings& each : all) {
      if (std::count(each.names.begin(), each.names.end(), encoding) > 0) return each.words;
    }
    return "";
  }

  bool has_every_encoding() {
    for (const char* name :
         {"windows-1252", "windows-1250", "iso-8859-2", "windows-1254", "windows-1251", "koi8-r",
          "windows-1253", "cp932", "gb18030", "big5", "euc-jp", "cp949", "cp850", "macintosh"}) {
      if (!is_known_here(name)) return false;
    }
    return true;
  }

  }  // namespace

  TEST_CASE("encoding guess: the right reading of a text is among the likely ones") {
    if (!has_every_encoding()) return;
    struct Case {
      std::string encoding;
      std::string bytes;
      std::string words;  ///< the first, as they are meant
      std::string not_likely;
    };
    const Case cases[] = {
        {"windows-1252", "M\xfcller\nL\xf6we\n", "M\xc3\xbcller", "windows-1251"},
        {"windows-1252", "na\xefve\n", "na\xc3\xafve", "koi8-r"},
        {"windows-1250", "P\xf8\xedli\x9a \x9elu\x9dou\xe8k\xfd k\xf9\xf2\n", "Příliš", "windows-1252"},
        {"iso-8859-2", "P\xf8\xedli\xb9 \xbelu\xbbou\xe8k\xfd k\xf9\xf2\n", "Příliš", "windows-1252"},
        {"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0\n", "Привет", "windows-1252"},
        {"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2\n", "Привет", "windows-1251"},
        {"windows-1253", "\xca\xe1\xeb\xe7\xec\xdd\xf1\xe1\n", "Καλημέρα", "windows-1251"},
        {"cp932", "\x93\xfa\x96\x7b\x82\xcc\x90\x58\n", "日本の森", "windows-1252"},
        {"euc-jp", "\xc6\xfc\xcb\xdc\xa4\xce\xbf\xb9\n", "日本の森", "windows-1252"},
        {"gb18030", "\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\n", "你好世界", "windows-1252"},
        {"big5", "\xa4\xa4\xb0\xea\xa4\xe5\xa6\x72\n", "中國文字", "windows-1252"},
        {"cp949", "\xbe\xc8\xb3\xe7 \xbc\xbc\xb0\xe8\n", "안녕", "windows-1252"},
        {"cp850", "M\x81ller\ncaf\x82\n", "M\xc3\xbcller", "windows-1252"},
    };
    for (const Case& each : cases) {
      CAPTURE(each.encoding);
      CAPTURE(encoding_hint(each.bytes, find_invalid_utf8(each.bytes)));
      const auto found = likely(each.bytes);
      CHECK(reading(found, each.encoding).starts_with(each.words));
      CHECK(reading(found, each.not_likely).empty());
      CHECK(encoding_hint(each.bytes, find_invalid_utf8(each.bytes))
                .find(in_quotes(reading(found, each.encoding)))
            != std::string::npos);
    }
  }

  TEST_CASE("encoding guess: the words shown are those that tell the encodings apart") {
    if (!has_every_encoding()) return;
    // The first two words read alike; "ő" of Hungarian is "õ" in the West.
    const auto found = likely("Istv\xe1n\nB\xe9la\nL\xf5rinc\nP\xe9ter\n");
    CHECK(reading(found, "windows-1250") == "Lőrinc");
    CHECK(reading(found, "windows-1252") == "Lõrinc");
    // Those that nothing tells apart are one reading.
    const auto alike = likely("plain\nzolt\xe1n b\xe9la\n");
    REQUIRE(alike.size() == 1);
    CHECK(alike[0].names == std::vector<std::string>{"windows-1252", "windows-1250"});
    CHECK(alike[0].words == "zoltán");
  }

  TEST_CASE("encoding guess: three words are shown at most, in a line of few readings") {
    if (!has_every_encoding()) return;
    // Each word tells two encodings apart that read all before it alike; the last one comes too late.
    std::string bytes;
    for (int i = 0; i < 60; ++i) bytes += "b\xe9la ";
    const auto found = likely(bytes + "L\xf5rinc \xddzmir \xbe" "ena \xe0 m\xf5\n");
    CHECK(reading(found, "windows-1252") == "Lõrinc Ýzmir ¾ena");
    CHECK(reading(found, "windows-1254") == "Lõrinc İzmir ¾ena");
    CHECK(reading(found, "windows-1250") == "Lőrinc Ýzmir ľena");
    CHECK(reading(found, "iso-8859-2") == "Lőrinc Ýzmir žena");
    CHECK(found.size() == 4);
  }

  TEST_CASE(
      "encoding guess: of a large text the words after the fault are looked at, as many as are needed") {
    if (!has_every_encoding()) return;
    std::string many;  // one word is more than a tenth of what is looked at
    for (int i = 0; i < 2000; ++i) many += "P\xf8\xedli\x9a ";
    std::string longer;
    for (int i = 0; i < 20; ++i) longer += "P\xf8\xedli\x9a" + std::string(5000, 'e') + " ";
    for (const std::string& bytes : {many, longer, std::string(10'000, 'e') + "\xf8\xedli\x9a\n"}) {
      CHECK(reading(likely(bytes), "windows-1250").find("říliš") != std::string::npos);
    }
  }

  TEST_CASE("encoding guess: a capital within a word, a sign or another script speak against an encoding") {
    if (!has_every_encoding()) return;
    CHECK(reading(likely("gro\xdf\nstra\xdf"
                         "e\n"),
                  "windows-1251")
              .empty());                                                           // "groЯ"
    CHECK(reading(likely("\xf0\xd2\xc9\xd7\xc5\xd4\n"), "windows-1251").empty());  // "рТЙЧЕФ"
    CHECK(reading(likely("ma\xb9y i \xb3"
                         "adny\n"),
                  "windows-1252")
              .empty());                                                                 // "ma¹y", "³adny"
    CHECK(reading(likely("\xcf\xf0\xe8\xe2\xe5\xf2\n"), "windows-1252").empty());        // "Ïðèâåò"
    CHECK_FALSE(reading(likely("\xcf\xd0\xc8\xc2\xc5\xd2\n"), "windows-1251").empty());  // all capitals
  }

  TEST_CASE("encoding guess: bytes that are no text in any encoding have no likely one") {
    std::string bytes;
    for (int i = 0; i < 4000; ++i) bytes += static_cast<char>(i * 7919 % 251 + 1);
    CHECK(likely(bytes).empty());
    CHECK(encoding_hint(bytes, find_invalid_utf8(bytes)).find("--encoding NAME") != std::string::npos);
    CHECK(likely("a\xff").empty() == (reading(likely("a\xff"), "windows-1252").empty()));
  }

  TEST_CASE("encoding guess: the hint is one short line that is safe for a terminal") {
    const std::string word = "caf\xe9\x1b[31m" + std::string(100'000, 'e');
    for (const std::string& bytes :
         {word, word + "\n", "x\n" + word + "\r\n\x9b\x85\xe9 \xe9\n", std::string("\xe9")}) {
      const std::string hint = encoding_hint(bytes, find_invalid_utf8(bytes));
      CAPTURE(hint);
      CHECK(hint.size() < 500);
      CHECK(hint.find_first_of("\r\n\x1b") == std::string::npos);
      CHECK(find_invalid_utf8(hint) == std::string::npos);
    }
  }

  TEST_CASE("encoding guess: a text without white space may be cut anywhere") {
    if (!has_every_encoding()) return;
    for (std::size_t shift = 0; shift < 3; ++shift) {
      std::string bytes(shift, 'x');
      for (int i = 0; i < 50'000; ++i) bytes += "\xc4\xe3\xba\xc3";
      CAPTURE(shift);
      CHECK(reading(likely(bytes), "gb18030").starts_with(std::string(shift, 'x') + "你好"));
    }
  }

  TEST_CASE("encoding guess: the error of a text names the encodings, its place and the option") {
    if (!has_every_encoding()) return;
    const Failure got = failure_of([] { check_text("Anna\nL\xf5rinc\n", "names.txt"); });
    CHECK(got.is(Fault::data,
                 {.what = "not valid UTF-8", .where = "names.txt, line 2, byte 6", .hint = "windows-1252"}));
    for (const char* part : {"'Lõrinc'", "windows-1250", "'Lőrinc'", "--encoding NAME"}) {
      CAPTURE(part);
      CHECK(got.names(part));
    }
    CHECK(got.is_one_line());
    // docs/config.md shows it.
    CHECK(read_file(repository_file("docs/config.md"), Fault::io).find("    error: " + got.message + "\n")
          != std::string::npos);
  }
}
