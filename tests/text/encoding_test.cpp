#include "microgpt/text/encoding.hpp"

#include <doctest/doctest.h>

#include "microgpt/text/check_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/encodings.hpp"
#include "support/errors.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using namespace std::string_literals;

  Failure refused(const std::string& bytes, const std::string& encoding) {
    return failure_of([&] { to_utf8(bytes, encoding, "t.txt"); });
  }

  std::string utf8_of(const std::u32string& text) {
    std::string bytes;
    for (const char32_t c : text) append_utf8(bytes, c);
    return bytes;
  }

  /// UTF-16 or UTF-32 by their definitions, with units of 2 or 4 bytes.
  std::string wide(const std::u32string& text, int size, bool big) {
    std::string bytes;
    const auto put = [&](char32_t unit) {
      for (int i = 0; i < size; ++i) bytes += static_cast<char>(unit >> 8 * (big ? size - 1 - i : i) & 0xffU);
    };
    for (const char32_t c : text) {
      if (size == 2 && c > 0xffff) {
        put(0xd800 + ((c - 0x10000) >> 10));
        put(0xdc00 + ((c - 0x10000) & 0x3ffU));
      } else {
        put(c);
      }
    }
    return bytes;
  }

  }  // namespace

  TEST_CASE("encoding: one byte per character, by tables of our own") {
    struct Case {
      std::string encoding;
      int first;  ///< byte, and one for each character from there on
      std::u32string characters;
    };
    std::u32string latin;
    for (char32_t c = 0xa0; c <= 0xff; ++c) latin += c;
    std::u32string cyrillic;
    for (char32_t c = 0x410; c <= 0x44f; ++c) cyrillic += c;
    const Case cases[] = {
        {"iso-8859-1", 0xa0, latin},
        {"windows-1252", 0xa0, latin},
        {"windows-1252", 0x82, U"\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152"},
        {"windows-1252", 0x91, U"\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153"},
        {"windows-1251", 0xc0, cyrillic},
        {"koi8-r", 0xc0, U"юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"},
        {"iso-8859-2", 0xe0, U"ŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"},
        {"windows-1250", 0x8c, U"ŚŤŽŹ"},
        {"windows-1253", 0xe1, U"αβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ"},
    };
    for (const Case& each : cases) {
      if (!is_known_here(each.encoding)) continue;
      CAPTURE(each.encoding);
      std::string bytes = "a\n ";
      for (std::size_t i = 0; i < each.characters.size(); ++i) {
        bytes += static_cast<char>(each.first + static_cast<int>(i));
      }
      CHECK(to_utf8(bytes, each.encoding, "t") == "a\n " + utf8_of(each.characters));
    }
  }

  TEST_CASE("encoding: several bytes per character, by known bytes") {
    struct Case {
      std::string encoding;
      std::string bytes;
      std::u32string text;
    };
    const Case cases[] = {
        {"shift_jis", "\x93\xfa\x96\x7b\x82\xa0\xb1", U"日本あｱ"},
        {"cp932", "\x93\xfa\x96\x7b\x82\xa0\xb1\x87\x40\\", U"日本あｱ①\\"},
        {"euc-jp", "\xc6\xfc\xcb\xdc\xa4\xa2", U"日本あ"},
        {"iso-2022-jp", "\x1b$BF|K\\\x1b(B.", U"日本."},
        {"gb18030", "\xd6\xd0\xce\xc4 \xc4\xe3\xba\xc3", U"中文 你好"},
        {"gb18030", "\x81\x30\x81\x30\x90\x30\x81\x30", U"\u0080\U00010000"},
        {"big5", "\xa4\xa4\xa4\xe5", U"中文"},
        {"euc-kr", "\xc7\xd1\xb1\xdb", U"한글"},
        {"cp949", "\xc7\xd1\xb1\xdb", U"한글"},
        {"utf-7", "a +AOk-", U"a é"},
    };
    for (const Case& each : cases) {
      if (!is_known_here(each.encoding)) continue;
      CAPTURE(each.encoding);
      CHECK(to_utf8(each.bytes, each.encoding, "t") == utf8_of(each.text));
      CHECK(try_to_utf8(each.bytes, each.encoding) == utf8_of(each.text));
    }
  }

  TEST_CASE("encoding: UTF-16 and UTF-32 in both byte orders, with a byte order mark and without") {
    if (!is_known_here("utf-16") || !is_known_here("utf-32")) return;
    const std::u32string text = U"Åsa \u4f60\U0001f600\nx";
    const std::string expected = utf8_of(text);
    for (const int size : {2, 4}) {
      const std::string name = size == 2 ? "utf-16" : "UTF_32";
      for (const bool big : {false, true}) {
        CAPTURE(size);
        CAPTURE(big);
        CHECK(to_utf8(wide(text, size, big), name, "t") == expected);
        CHECK(to_utf8(wide(U"\ufeff" + text, size, big), name, "t") == expected);
        CHECK(to_utf8(wide(U"\ufeffx", size, big), name, "t") == "x");  // too short to tell but by its mark
        const std::string exact = (size == 2 ? "utf-16" : "utf-32") + std::string(big ? "be" : "le");
        CHECK(to_utf8(wide(text, size, big), exact, "t") == expected);
        CHECK(to_utf8(wide(U"\ufeff" + text, size, big), exact, "t") == expected);
        if (size == 4) CHECK(refused(wide(text, size, !big), exact).fault == static_cast<int>(Fault::data));
      }
      CHECK(to_utf8(wide(U"\u4f60\r\u597d", size, true), name, "t") == utf8_of(U"\u4f60\r\u597d"));
      CHECK(to_utf8(wide(U"xy", size, false), name, "t") == "xy");  // nothing tells: little-endian
    }
    // A mark is taken off once, and within a text it is a character.
    CHECK(to_utf8(wide(U"\ufeffa\ufeff", 2, false), "utf-16", "t") == utf8_of(U"a\ufeff"));
    CHECK(to_utf8("\xef\xbb\xbfz", "utf-8", "t") == "z");
  }

  TEST_CASE("encoding: a long text is converted across all pieces") {
    if (!is_known_here("utf-16le") || !is_known_here("utf-32")) return;
    std::u32string text;
    for (int i = 0; i < 100'000; ++i) text += U"aé\u4f60\U0001f600"[i % 4];
    for (std::size_t shift = 0; shift < 4; ++shift) {
      const std::string converted = to_utf8(wide(text.substr(shift), 2, false), "utf-16le", "t");
      const bool same = converted == utf8_of(text.substr(shift));
      CHECK(same);
      CHECK(converted.capacity() < converted.size() + 64);  // no more memory than the result takes
    }
    for (const char* name : {"utf-16", "utf-32", "utf-8"}) CHECK(to_utf8("", name, "t").empty());
  }

  TEST_CASE("encoding: bytes that are not valid are refused with line and byte") {
    struct Case {
      std::string encoding;
      std::string bytes;
      std::string place;
      std::string value;
      std::string hint;
    };
    const std::string lone = wide(U"a\nb", 2, false) + "\x3d\xd8" + wide(U"c", 2, false);
    const Case cases[] = {
        {"utf-16le", lone, "line 2, byte 6", "0x3d", ""},
        {"utf-16", "\xff\xfe" + lone, "line 2, byte 8", "0x3d", ""},
        {"utf-16le", "a\0b"s, "line 1, byte 2", "0x62", ""},
        {"utf-16le", "\xe9\0\n\0\xe9"s, "line 2, byte 4", "0xe9", "ends in the middle of a character"},
        {"utf-32", "a", "line 1, byte 0", "0x61", "valid UTF-8"},
        {"utf-32le", "a\0\0\0\n\0\0\0\0\0\x11\0"s, "line 2, byte 8", "0x00", ""},
        {"us-ascii", "one\ntw\xc3\xb6", "line 2, byte 6", "0xc3", "valid UTF-8"},
        {"us-ascii", std::string(70'000, '\n') + "caf\xe9 au", "line 70001, byte 70003", "0xe9",
         "--encoding NAME"},
        {"gb18030", "\xc4\xe3\n\xc4\xe3\xff.", "line 2, byte 5", "0xff", ""},
        {"euc-kr", "\xc7\xd1\n\xc7", "line 2, byte 3", "0xc7", "ends in the middle of a character"},
        {"shift_jis", "\x93\xfa\n\n\x82\x20", "line 3, byte 4", "0x82", ""},
        {"big5", "\xa4\xa4\xa4\x01", "line 1, byte 2", "0xa4", ""},
    };
    for (const Case& each : cases) {
      if (!is_known_here(each.encoding)) continue;
      const Failure got = refused(each.bytes, each.encoding);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "not valid " + each.encoding,
                                 .where = "t.txt, " + each.place,
                                 .value = each.value,
                                 .hint = each.hint}));
      CHECK(got.is_one_line());
      CHECK_FALSE(try_to_utf8(each.bytes, each.encoding).has_value());
    }
  }

  TEST_CASE("encoding: what lies beyond Unicode is refused, also where iconv takes it") {
    for (const auto& [encoding, bytes] :
         {std::pair{"utf-8"s, "a\xf4\x90\x80\x80"s}, {"ucs-4", "\0\x11\0\0"s}, {"utf-32be", "\0\x11\0\0"s}}) {
      if (!is_known_here(encoding)) continue;
      const Failure got = refused(bytes, encoding);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "not valid " + encoding}));
    }
  }

  TEST_CASE("encoding: a name that iconv would take for something else is unknown") {
    // "" is the locale's encoding to iconv, and words after slashes let it drop characters.
    for (const std::string& name : {""s, "latin-9000"s, "utf-16//IGNORE"s, "utf-16/x"s, "/"s, "utf-16 "s,
                                    "a,b"s, "utf-16\0"s, "utf-16\n"s, "utf{16"s}) {
      const Failure got = refused("abc", name);
      CAPTURE(got.message);
      CHECK(got.is(Fault::usage, {.what = "bad --encoding", .value = in_quotes(name), .hint = "iconv -l"}));
      if (is_known_here("koi8-r")) CHECK(got.names("koi8-r"));
      CHECK(got.is_one_line());
      CHECK_FALSE(try_to_utf8("abc", name).has_value());
    }
    CHECK(to_utf8("ab", "US-ASCII//", "t") == "ab");  // as `iconv -l` prints it
  }

  TEST_CASE("encoding: names are known in every spelling") {
    for (const char* name : {"utf-8", "UTF8", "Utf_8", "UTF-8//"}) CHECK(is_utf8_name(name));
    for (const char* name : {"", "utf-16", "utf-80", "latin1"}) CHECK_FALSE(is_utf8_name(name));
    for (const char* name : {"utf-16", "UTF16BE", "utf-32le", "UCS-2"}) CHECK(is_wide_name(name));
    for (const char* name : {"", "utf-8", "utf-7", "latin1"}) CHECK_FALSE(is_wide_name(name));
  }

  TEST_CASE("encoding: what is no text is refused in every encoding") {
    for (const auto& [bytes, kind] : {std::pair{"%PDF-1.4\n\xe2\xe3"s, "PDF"},
                                      {"\x1f\x8b\x08\xff"s, "gzip"},
                                      {"\x89PNG\r\n"s, "picture"},
                                      {std::string(257, 'x') + "ustar", "tar"}}) {
      if (!is_known_here("iso-8859-1")) return;
      const Failure got = refused(bytes, "iso-8859-1");
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "not a text", .where = "t.txt", .hint = kind}));
    }
    const Failure wide_text = refused("\xff\xfe"s + wide(U"hello", 2, false), "iso-8859-1");
    CHECK(
        wide_text.is(Fault::data, {.what = "not a text in iso-8859-1", .where = "t.txt", .hint = "UTF-16"}));
    const Failure nul = refused("caf\xe9\0"s, "iso-8859-1");
    CHECK(nul.is(Fault::data, {.what = "not a text in iso-8859-1", .where = "t.txt", .hint = "NUL"}));
  }
}
