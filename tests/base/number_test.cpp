#include "microgpt/base/number.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "microgpt/base/bit_cast.hpp"

TEST_SUITE("base") {
  namespace {

  using microgpt::parse_double;

  /// As parse_double says it: what std::from_chars reads to the end, if it is finite.
  template <class Number>
  std::optional<Number> by_from_chars(std::string_view text) {
    // A call of the overload for bool, which is deleted, is all that older versions of libc++ have.
    if constexpr (requires(const char* at, Number& number) { std::from_chars(at, at, number); }) {
      Number number = 0;
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool whole = failed == std::errc() && end == text.data() + text.size();
      return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
    } else {
      return parse_double(text);
    }
  }

  const std::vector<std::string> kRefused = {"",
                                             " ",
                                             "-",
                                             "+",
                                             ".",
                                             "-.",
                                             "e5",
                                             ".e5",
                                             "-e5",
                                             "1e",
                                             "1e+",
                                             "1e-",
                                             "+1",
                                             "+-1",
                                             "-+1",
                                             "--1",
                                             " 1",
                                             "1 ",
                                             "\t1",
                                             "1\n",
                                             "1,5",
                                             "1.5.",
                                             "1..5",
                                             "1_0",
                                             "0x10",
                                             "0x1p3",
                                             "1p3",
                                             "1e1.5",
                                             "1e5e5",
                                             "1f",
                                             "1L",
                                             "1e 5",
                                             "inf",
                                             "-inf",
                                             "Infinity",
                                             "nan",
                                             "-NaN",
                                             "nan(1)",
                                             "infx",
                                             "one",
                                             "1e309",
                                             "-1e309",
                                             "1e99999999999999999999",
                                             "1e-400",
                                             "-1e-400",
                                             "1e-99999999999999999999",
                                             "1.7976931348623159e308",
                                             "2e-324",
                                             "١"};

  /// A decimal of random digits, with a point and an exponent at random.
  std::string random_decimal(std::mt19937_64& random) {
    std::string text = random() % 2 == 0 ? "-" : "";
    const auto digits = 1 + random() % 40;
    for (std::size_t i = 0; i < digits; ++i) text += static_cast<char>('0' + random() % 10);
    if (random() % 3 > 0) text.insert(text.size() - random() % (digits + 1), ".");
    if (random() % 2 == 0) {
      text += random() % 2 == 0 ? "e" : "E";
      text += std::to_string(static_cast<int>(random() % 700) - 350);
    }
    return text;
  }

  }  // namespace

  TEST_CASE("number: what is no finite number from its first byte to its last is refused") {
    for (const std::string& text : kRefused) {
      CAPTURE(text);
      CHECK(!parse_double(text));
      CHECK(!by_from_chars<double>(text));
    }
    CHECK(!parse_double(std::string_view("1\0", 2)));
    CHECK(
        !parse_double(std::string_view("\0"
                                       "1",
                                       2)));
    CHECK(parse_double(std::string_view("12").substr(0, 1)) == 1.0);
  }

  TEST_CASE("number: every form of a decimal") {
    const std::pair<const char*, double> cases[] = {
        {"0", 0},
        {"7", 7},
        {"-1.5", -1.5},
        {".5", 0.5},
        {"-.5", -0.5},
        {"5.", 5},
        {"-5.e1", -50},
        {"00012.50", 12.5},
        {"1e5", 1e5},
        {"1E5", 1e5},
        {"1e+5", 1e5},
        {"25e-1", 2.5},
        {"0e99999", 0},
        {".0e-999", 0},
        {"1e-310", 1e-310},
        {"4.9e-324", 4.9e-324},
        {"2.5e-324", 5e-324},
        {"1.7976931348623157e308", std::numeric_limits<double>::max()},
        // Nearest to the middle of two doubles, where the digits at the very end decide.
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.00000000000000000000000000001", 9007199254740994.0},
        {"0.00000000000000000000000000000000000000000000000001e50", 1}};
    for (const auto& each : cases) {
      const std::string text = each.first;
      const double number = each.second;
      CAPTURE(text);
      REQUIRE(parse_double(text).has_value());
      CHECK(*parse_double(text) == number);
      CHECK(by_from_chars<double>(text) == number);
    }
    REQUIRE(parse_double("-0").has_value());
    CHECK(std::signbit(*parse_double("-0")));
  }

  TEST_CASE("number: random decimals as std::from_chars reads them, and printed doubles to the bit") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
      const std::string text = random_decimal(random);
      CAPTURE(text);
      REQUIRE(parse_double(text) == by_from_chars<double>(text));

      const auto bits = random();
      const auto number = microgpt::bit_cast<double>(bits);
      if (!std::isfinite(number)) continue;
      char printed[40];
      std::snprintf(printed, sizeof printed, "%.17g", number);
      CAPTURE(std::string(printed));
      REQUIRE(parse_double(printed).has_value());
      REQUIRE(microgpt::bit_cast<std::uint64_t>(*parse_double(printed)) == bits);
    }
  }

  TEST_CASE("number: a locale with a decimal comma changes nothing") {
    struct Locale {
      std::string before = std::setlocale(LC_NUMERIC, nullptr);
      ~Locale() { std::setlocale(LC_NUMERIC, before.c_str()); }
    };
    const Locale restored;
    bool found = false;
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", "pt_BR.UTF-8"}) {
      if (!found)
        found = std::setlocale(LC_NUMERIC, name) != nullptr && *std::localeconv()->decimal_point == ',';
    }
    if (!found) {
      MESSAGE("left out: this system has no locale with a decimal comma");
      return;
    }
    CHECK(parse_double("1.5") == 1.5);
    CHECK(parse_double("-.25e1") == -2.5);
    CHECK(!parse_double("1,5"));
  }
}
