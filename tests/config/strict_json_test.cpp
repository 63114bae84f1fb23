#include "microgpt/config/strict_json.hpp"

#include <doctest/doctest.h>

#include "microgpt/base/error.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"

TEST_SUITE("config") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  Failure failure(const std::string& text, int depth = 8) {
    return failure_of([&] { Json::parse(text, depth); });
  }

  }  // namespace

  TEST_CASE("strict_json: what is wider than RFC 8259 is refused with line and column") {
    using namespace std::string_literals;
    struct Case {
      std::string text;
      std::string named;
    };
    const Case cases[] = {
        {"", "line 1, column 1"},
        {"  \n ", "line 2"},
        {"{", "line 1, column 2"},
        {"{\"a\": 1,}", "line 1, column 9"},
        {"[1,\n 2,\n]", "line 3, column 1"},
        {"{\"a\" 1}", "line 1, column 6"},
        {"{a: 1}", "line 1, column 2"},
        {"{'a': 1}", "line 1, column 2"},
        {"// x\n{}", "line 1, column 1"},
        {"{} // x", "line 1, column 4"},
        {"/* */ 1", "line 1"},
        {"NaN", "line 1"},
        {"[Infinity]", "line 1, column 2"},
        {"-Infinity", "line 1"},
        {"01", "line 1, column 2"},
        {"+1", "line 1, column 1"},
        {".5", "line 1, column 1"},
        {"5.", "line 1"},
        {"0x10", "line 1, column 2"},
        {"1e999", "1e999"},
        {"-1e999", "1e999"},
        {"tru", "line 1"},
        {"True", "line 1"},
        {"\"\\q\"", "line 1"},
        {"\"\\ud800\"", "line 1"},
        {"\"\\udc00\"", "line 1"},
        {"\"a\nb\"", "line 1"},
        {"\"a\tb\"", "line 1"},
        {"\"a", "line 1"},
        {"{} {}", "line 1, column 4"},
        {"1 2", "line 1, column 3"},
        {"{}\0"s, "line 1, column 3"},
        {"\"\0\""s, "NUL"},
        {"\xef\xbb\xbf{}", "byte order mark"},
        {"{\n  \"a\": \"\xe9\"}", "line 2, column 9"},
        {"\"\xc0\xaf\"", "UTF-8"},
        {"\"\xed\xa0\x80\"", "UTF-8"},
        {"\xff\xfe{\0}\0"s, ""},
    };
    for (const Case& each : cases) {
      CAPTURE(each.text);
      const Failure got = failure(each.text);
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.parts.where.starts_with("text, line "));
      CHECK(got.names(each.named));
    }
  }

  TEST_CASE("strict_json: a key twice in one object is refused however it is written") {
    for (const std::string text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"\u0061":3})",
                                   R"([{"x":{"":0,"":1}}])", R"({"a":{"b":1},"a":{"c":2}})"}) {
      CAPTURE(text);
      const Failure got = failure(text);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.where = "text", .hint = "key"}));
    }
    CHECK(failure(R"({"a":{"a":{"a":1}},"b":{"a":1}})").fault == 0);
    CHECK(failure(R"([{"a":1},{"a":1}])").fault == 0);
    CHECK(failure(R"({"a":1,"A":1})").fault == 0);
    const Failure escaped = failure("{\"\\u001b\":1,\"\\u001b\":1}");
    CHECK(escaped.names("\\x1b"));
    CHECK(!escaped.names("\x1b"));
  }

  TEST_CASE("strict_json: nesting ends where it is told to") {
    for (const int depth : {1, 3, 8}) {
      CAPTURE(depth);
      const auto n = static_cast<std::size_t>(depth);
      CHECK(failure(std::string(n, '[') + "1" + std::string(n, ']'), depth).fault == 0);
      CHECK(failure(std::string(n + 1, '[') + "1" + std::string(n + 1, ']'), depth)
                .is(Fault::data, {.hint = std::to_string(depth) + " levels"}));
    }
    CHECK(failure(std::string(1'000'000, '[')).is(Fault::data, {.where = "text", .hint = "8 levels"}));
    std::string objects;
    for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
    CHECK(failure(objects).is(Fault::data, {.where = "text", .hint = "8 levels"}));
  }

  TEST_CASE("strict_json: it holds 65536 values and not one more") {
    const auto numbers = [](int count) {
      std::string text = "[0";
      for (int i = 1; i < count; ++i) text += ",0";
      return text + "]";
    };
    CHECK(failure(numbers(65535)).fault == 0);  // and the array
    CHECK(failure(numbers(65536)).is(Fault::data, {.where = "text", .hint = "65536 values"}));
    const auto objects = [](int count) {
      std::string text = "[{}";
      for (int i = 1; i < count; ++i) text += ",{\"a\":[]}";
      return text + "]";
    };
    CHECK(failure(objects(32768)).fault == 0);
    CHECK(failure(objects(32769)).is(Fault::data, {.where = "text", .hint = "65536 values"}));
  }

  TEST_CASE("strict_json: of an event that a reader does not take it is told, whatever it is") {
    class Nothing : public JsonEvents {
     public:
      int count = 0;

     private:
      bool unexpected() override {
        ++count;
        return true;
      }
    };
    struct Case {
      std::string text;
      int events;
    };
    for (const Case& each : {Case{"null", 1}, Case{"true", 1}, Case{"-1", 1}, Case{"1", 1}, Case{"1.5", 1},
                             Case{"\"x\"", 1}, Case{"[]", 2}, Case{"{}", 2}, Case{"{\"a\":[null]}", 6}}) {
      CAPTURE(each.text);
      Nothing nothing;
      parse_strict_json(each.text, Fault::data, "text", nothing);
      CHECK(nothing.count == each.events);
    }
    Nothing nothing;
    nlohmann::json::binary_t bytes;  // not of JSON, but of the library's other formats
    CHECK(nothing.binary(bytes));
    CHECK(nothing.count == 1);
  }

  TEST_CASE("strict_json: what is JSON is read") {
    const Json document =
        Json::parse(" {\"a\": [1, -2.5e-3, true, null, \"\\u00e9\\ud83d\\ude00\\n\"],\r\n\t\"\": {} } \n");
    CHECK(document["a"].size() == 5);
    CHECK(document["a"][1].number() == -2.5e-3);
    CHECK(document["a"][4].text() == "\xc3\xa9\xf0\x9f\x98\x80\n");
    CHECK(document[""].size() == 0);
    CHECK(Json::parse("18446744073709551615").dump() == "18446744073709551615");
    CHECK(Json::parse("\"\"").text() == "");
  }
}
