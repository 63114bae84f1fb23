#include "microgpt/text/utf8.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "microgpt/base/sha256.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;

  std::string utf8(char32_t c) {
    std::string bytes;
    append_utf8(bytes, c);
    return bytes;
  }

  /// Calls found(c) for every character there is: every code point but the surrogates.
  template <class Found>
  void each_character(Found&& found) {
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c < 0xd800 || c > 0xdfff) found(c);
    }
  }

  }  // namespace

  TEST_CASE("utf8: every character survives the way to bytes and back") {
    std::size_t wrong = 0;
    std::string all;
    each_character([&](char32_t c) {
      const std::string bytes = utf8(c);
      const std::size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      std::size_t at = 0;
      wrong += bytes.size() == length && next_code_point(bytes, at) == c && at == length
                       && find_invalid_utf8(bytes) == std::string::npos
                   ? 0U
                   : 1U;
      all += bytes;
    });
    CHECK(wrong == 0);
    CHECK(count_code_points(all) == 0x110000 - 0x800);
    // Of ''.join(map(chr, …)).encode() in Python: the bytes are the right ones.
    CHECK(sha256(all) == "e0a7693f7362e88827c15e772e55b3490bd983f90711df7f3ef36c2b1ef6847e");
  }

  TEST_CASE("utf8: the first invalid byte is where Python finds it") {
    struct Case {
      const char* what;
      std::string bytes;
      std::size_t at;
    };
    const Case cases[] = {
        {"lone continuation", "ab\x80", 2},
        {"last continuation", "\xbf", 0},
        {"one continuation too many", "\xc3\xa9\xa9", 2},
        {"overlong slash in 2", "a\xc0\xaf", 1},
        {"overlong NUL in 2", "\xc0\x80", 0},
        {"overlong DEL in 2", "\xc1\xbf", 0},
        {"overlong in 3", "ab\xe0\x80\xaf", 2},
        {"longest overlong in 3", "\xe0\x9f\xbf", 0},
        {"overlong in 4", "\xf0\x80\x80\xaf", 0},
        {"longest overlong in 4", "\xf0\x8f\xbf\xbf", 0},
        {"first surrogate", "x\xed\xa0\x80", 1},
        {"last surrogate", "\xed\xbf\xbf", 0},
        {"surrogate pair", "\xed\xa0\xbd\xed\xb8\x80", 0},
        {"U+110000", "\xf4\x90\x80\x80", 0},
        {"U+140000", "\xf5\x80\x80\x80", 0},
        {"lead of 5", "\xf8\x88\x80\x80\x80", 0},
        {"byte fe", "a\xfe", 1},
        {"byte ff", "\xff", 0},
        {"cut 2 at the end", "abc\xc3", 3},
        {"cut 3 after 1", "a\xe2", 1},
        {"cut 3 after 2", "a\xe2\x82", 1},
        {"cut 4 after 1", "\xf0", 0},
        {"cut 4 after 2", "\xf0\x9f", 0},
        {"cut 4 after 3", "\xf0\x9f\x98", 0},
        {"cut 2 before a letter", "\xc3z", 0},
        {"cut 3 before a letter", "\xe2\x82z", 0},
        {"cut 3 before a lead", "\xe2\x82\xe2\x82\xac", 0},
        {"cut 4 before a letter", "ab\xf0\x9f\x98z", 2},
        {"Latin-1", "caf\xe9 cr\xe8me", 3},
        {"after many valid ones", std::string(4095, 'a') + "\xe2\x82", 4095},
        {"across a page", std::string(4095, 'a') + "\xe2\x82\xac\x80", 4098},
    };
    for (const Case& each : cases) {
      CAPTURE(each.what);
      CHECK(find_invalid_utf8(each.bytes) == each.at);
    }
    for (const std::string good :
         {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
      CAPTURE(good);
      CHECK(find_invalid_utf8(good) == std::string::npos);
    }
    CHECK(find_invalid_utf8(std::string("a\0b", 3)) == std::string::npos);
    // What stands behind the end is not looked at, even if it would do.
    for (const std::string_view whole : {"a\xc3\xa9", "a\xe2\x82\xac", "a\xf0\x9f\x98\x80"}) {
      for (std::size_t size = 2; size < whole.size(); ++size)
        CHECK(find_invalid_utf8(whole.substr(0, size)) == 1);
    }
  }

  TEST_CASE("utf8: all combinations of 25 telling bytes are judged as by Python") {
    constexpr unsigned char kBytes[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                        0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                        0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    std::string verdicts;
    std::string four(4, '\0');
    std::size_t valid = 0;
    for (const auto a : kBytes) {
      for (const auto b : kBytes) {
        for (const auto c : kBytes) {
          for (const auto d : kBytes) {
            four = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
            const std::size_t at = find_invalid_utf8(four);
            valid += at == std::string::npos ? 1U : 0U;
            verdicts += at == std::string::npos ? '-' : static_cast<char>('0' + at);
          }
        }
      }
    }
    CHECK(valid == 2277);
    // Of the string of UnicodeDecodeError.start, or '-', over the same list in the same order.
    CHECK(sha256(verdicts) == "b73f023124f519dba84fdb671096046d168d34848275da9d6638aa48c74ed567");
  }

  TEST_CASE("utf8: white space is what Python strips") {
    std::vector<std::uint32_t> spaces;
    each_character([&](char32_t c) {
      if (is_space(c)) spaces.push_back(c);
    });
    // [c for c in range(0x110000) if chr(c).strip() == '']
    const std::vector<std::uint32_t> python = {0x9,    0xa,    0xb,    0xc,    0xd,    0x1c,   0x1d,   0x1e,
                                               0x1f,   0x20,   0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002,
                                               0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a,
                                               0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    CHECK(spaces == python);
    std::size_t wrong = 0;
    each_character([&](char32_t c) {
      const std::string bytes = utf8(c);
      const std::string expected =
          std::binary_search(python.begin(), python.end(), static_cast<std::uint32_t>(c)) ? "" : bytes;
      wrong += strip(bytes) == expected ? 0U : 1U;
    });
    CHECK(wrong == 0);
  }

  TEST_CASE("utf8: strip takes both ends and nothing within") {
    CHECK(strip("") == "");
    CHECK(strip(" \t\r\n ") == "");
    CHECK(strip("  a b  ") == "a b");
    CHECK(strip("a") == "a");
    CHECK(strip("\xe3\x80\x80 \xc2\xa0" "a\xe3\x80\x80" "b\xc2\x85\xe2\x80\xa8") == "a\xe3\x80\x80" "b");
    CHECK(strip("\x1c\xc3\xa9\x1f") == "\xc3\xa9");
    CHECK(strip("\xe2\x80\x8b" "a") == "\xe2\x80\x8b" "a");  // U+200B is none
    CHECK(strip("\xef\xbb\xbf" "a") == "\xef\xbb\xbf" "a");  // nor is U+FEFF
    const std::string text = "  view  ";
    CHECK(strip(text).data() == text.data() + 2);
  }

  TEST_CASE("utf8: printable text has nothing that a terminal would obey") {
    CHECK(printable("a\nb\tc\r\x1b[31m\x7f") == "a\\nb\\tc\\x0d\\x1b[31m\\x7f");
    CHECK(printable(std::string("\0", 1)) == "\\x00");
    CHECK(printable("\xc2\x9b"
                    "31m")
          == "\\x9b31m");  // the one-byte CSI
    CHECK(printable("\xe2\x80\xae"
                    "txt")
          == "\\u202etxt");  // right to left
    CHECK(printable("\xe2\x80\xa8\xef\xbb\xbf") == "\\u2028\\ufeff");
    CHECK(printable("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c") == "\\u2066\\u2069\\u061c");
    CHECK(printable("caf\xe9!") == "caf\\xe9!");
    CHECK(printable("\xe2\x82") == "\\xe2\\x82");
    CHECK(printable("na\xc3\xafve \xf0\x9f\x98\x80 \xe6\x9d\xb1")
          == "na\xc3\xafve \xf0\x9f\x98\x80 \xe6\x9d\xb1");
    std::string all;
    each_character([&](char32_t c) { append_utf8(all, c); });
    for (int byte = 0x80; byte < 0x100; ++byte) all += static_cast<char>(byte);
    const std::string shown = printable(all);
    CHECK(find_invalid_utf8(shown) == std::string::npos);
    std::size_t controls = 0;
    for (std::size_t at = 0; at < shown.size();) {
      const char32_t c = next_code_point(shown, at);
      controls += c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ? 1U : 0U;
    }
    CHECK(controls == 0);
    CHECK(printable(shown) == shown);
  }

  TEST_CASE("utf8: shortened keeps whole characters and says that there are more") {
    CHECK(shortened("", 3) == "");
    CHECK(shortened("h\u00e9\U0001f600", 3) == "h\u00e9\U0001f600");
    CHECK(shortened("h\u00e9\U0001f600x", 3) == "h\u00e9\U0001f600...");
    CHECK(shortened("ab", 0) == "...");
  }
}
