// The malformed files that every reader of safetensors must refuse, and the unusual ones that it must
// read, made by code: the rules they break are those of docs/checkpoint.md. The letters are those of
// the groups in which published lists of such files have them.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors_parts.hpp"

namespace microgpt::test {

struct NamedFile {
  std::string name;
  std::string bytes;
};

inline std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// An object of 100000 entries.
template <class Entry>
std::string many(const Entry& entry) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += (i > 0 ? "," : "") + entry(i);
  return text + '}';
}

/// Files with these headers over sixteen bytes of data.
inline std::vector<NamedFile> headers(const std::vector<NamedFile>& cases) {
  std::vector<NamedFile> files;
  for (const NamedFile& each : cases) files.push_back({each.name, safetensors(each.bytes, kData)});
  return files;
}

/// A: the length of the header, and files of another kind.
inline std::vector<NamedFile> malformed_lengths() {
  using namespace std::string_literals;
  const std::string rest = kGood + kData;
  std::vector<NamedFile> cases = {
      {"empty file", ""},
      {"length 0 alone", length_prefix(0)},
      {"length 0 and data", length_prefix(0) + "1234"},
      {"length 1", length_prefix(1) + "{"},
      {"length 2 and one byte too many", length_prefix(2) + "{}x"},
      {"length 2 and one byte", length_prefix(2) + "{"},
      {"length of the file", length_prefix(8 + rest.size()) + rest},
      {"length one beyond the file", length_prefix(rest.size() + 1) + rest},
      {"length 2^31", length_prefix(std::uint64_t{1} << 31) + rest},
      {"length 2^32", length_prefix(std::uint64_t{1} << 32) + rest},
      {"length right in its low 32 bits", length_prefix((std::uint64_t{1} << 32) + kGood.size()) + rest},
      {"length 2^63", length_prefix(std::uint64_t{1} << 63) + rest},
      {"length 2^64-1", length_prefix(~std::uint64_t{0}) + rest},
      {"length 2^64-7", length_prefix(~std::uint64_t{6}) + rest},
      {"length 2^64-8", length_prefix(~std::uint64_t{7}) + rest},
      {"length 100000001", length_prefix(100'000'001) + rest},
      {"length big-endian", "\0\0\0\0\0\0\0\x41"s + rest},
      {"header cut in half", length_prefix(kGood.size()) + kGood.substr(0, kGood.size() / 2)},
      {"2 MiB and one byte of header",
       safetensors(kGood + std::string((2 << 20) + 1 - kGood.size(), ' '), kData)},
      {"pointer of a large file store", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"},
      {"zip archive", "PK\x03\x04" + std::string(60, '\0')},
      {"GGUF", "GGUF\x03\0\0\0\0\0\0\0\0\0\0\0"s + std::string(60, '\0')},
      {"gzip", "\x1f\x8b\x08\0\0\0\0\0\0\x03"s + std::string(60, 'z')},
      {"PDF", "%PDF-1.7\n" + std::string(60, ' ')},
  };
  for (std::size_t size = 1; size < 8; ++size) {
    cases.push_back({std::to_string(size) + " bytes", std::string(size, '\0')});
  }
  return cases;
}

/// B: headers that are no strict JSON object.
inline std::vector<NamedFile> malformed_json() {
  using namespace std::string_literals;
  const std::string open = kGood.substr(0, kGood.size() - 1);  // without the last brace
  return headers({
      {"byte ff", R"({"a\xff":{}})"
                  "\xff"},
      {"overlong form", open + ",\"\xc0\xaf\":1}"},
      {"surrogate", open + ",\"\xed\xa0\x80\":1}"},
      {"above U+10FFFF", open + ",\"\xf4\x90\x80\x80\":1}"},
      {"sequence cut at the end", kGood + "\xe2\x82"},
      {"byte order mark", "\xef\xbb\xbf" + kGood},
      {"NUL after the object", kGood + "\0"s},
      {"NUL and a second object", kGood + "\0"s + kGood},
      {"NUL in a string", open + ",\"b\0\":1}"s},
      {"NUL first", "\0"s + kGood},
      {"space first", " " + kGood},
      {"array", "[" + kGood + "]"},
      {"string", "\"x\""},
      {"null", "null"},
      {"number", "12"},
      {"one brace", "{"},
      {"letter after the object", kGood + "x"},
      {"two objects", kGood + "{}"},
      {"comma at the end", open + ",}"},
      {"comment", open + "//\n}"},
      {"single quotes", "{'a':1}"},
      {"NaN", open + ",\"b\":NaN}"},
      {"Infinity", open + ",\"b\":Infinity}"},
      {"string without an end", "{\"a"},
      {"unknown escape", open + ",\"\\q\":1}"},
      {"lone surrogate escape", open + ",\"\\ud800\":1}"},
      {"arrays 100000 deep", "{\"a\":" + std::string(100'000, '[')},
      {"objects 100000 deep", repeat("{\"a\":", 100'000)},
      {"only spaces", std::string(1 << 20, ' ')},
  });
}

/// C: headers of the wrong structure.
inline std::vector<NamedFile> malformed_structure() {
  const std::string open = kGood.substr(0, kGood.size() - 1);
  const std::string again = open + "," + kGood.substr(1);
  const std::string metadata = R"(,"__metadata__":)";
  return headers({
      {"tensor null", R"({"a":null})"},
      {"tensor array", R"({"a":[]})"},
      {"tensor string", R"({"a":"x"})"},
      {"tensor number", R"({"a":1})"},
      {"tensor string like the dtype before",
       R"({"a":{"shape":[4],"data_offsets":[0,16],"dtype":"F32"},"b":"F32"})"},
      {"tensor empty", R"({"a":{}})"},
      {"no dtype", R"({"a":{"shape":[2,2],"data_offsets":[0,16]}})"},
      {"no shape", R"({"a":{"dtype":"F32","data_offsets":[0,16]}})"},
      {"no data_offsets", R"({"a":{"dtype":"F32","shape":[2,2]}})"},
      {"unknown key", R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"strides":[]}})"},
      {"dtype twice", R"({"a":{"dtype":"F32","dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})"},
      {"shape twice", R"({"a":{"dtype":"F32","shape":[2,2],"shape":[2,2],"data_offsets":[0,16]}})"},
      {"offsets twice", R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"data_offsets":[0,16]}})"},
      {"tensor twice", again},
      {"tensor twice by another spelling", open + "," + R"("\u0061")" + kGood.substr(4)},
      {"metadata twice", open + metadata + "{}" + metadata + "{}}"},
      {"metadata a string", open + metadata + R"("x"})"},
      {"metadata an array", open + metadata + "[]}"},
      {"metadata null", open + metadata + "null}"},
      {"metadata value null", open + metadata + R"({"k":null}})"},
      {"metadata value number", open + metadata + R"({"k":1}})"},
      {"metadata value object", open + metadata + R"({"k":{}}})"},
      {"metadata value array", open + metadata + R"({"k":["v"]}})"},
      {"metadata in metadata", open + metadata + R"({"__metadata__":{}}})"},
      {"metadata with a key twice", open + metadata + R"({"k":"v","\u006b":"v"}})"},
      {"metadata of 100000 keys",
       open + metadata + many([](int i) { return "\"" + std::to_string(i) + "\":\"\""; }) + "}"},
      {"100000 tiny entries", many([](int i) { return "\"" + std::to_string(i) + "\":0"; })},
      {"metadata that is a tensor", R"({"__metadata__":)" + kGood.substr(5)},
      {"4097 tensors",
       [] {
         std::string many;
         for (int i = 0; i <= 4096; ++i) {
           many += (many.empty() ? "{\"" : ",\"") + std::to_string(i)
                   + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
         }
         return many + "}";
       }()},
  });
}

/// D: dtypes and shapes that cannot be.
inline std::vector<NamedFile> malformed_shapes() {
  std::vector<NamedFile> cases;
  for (const std::string dtype :
       {R"("f32")", R"("")", R"("F128")", R"("F32 ")", R"("F\u0000")", "32", "null", "[]", R"(["F32"])"}) {
    cases.push_back({"dtype " + dtype, entry(dtype, "[2,2]", "[0,16]")});
  }
  cases.push_back({"dtype of 1000 letters", entry('"' + std::string(1000, 'F') + '"', "[2,2]", "[0,16]")});
  for (const std::string shape : {"4",
                                  R"("4")",
                                  "{}",
                                  "null",
                                  "[-1]",
                                  "[-4]",
                                  "[-0,4]",
                                  "[4.0]",
                                  "[4e0]",
                                  R"(["4"])",
                                  "[true]",
                                  "[null]",
                                  "[[4]]",
                                  "[9007199254740992]",
                                  "[9223372036854775808]",
                                  "[18446744073709551616]",
                                  "[1e400]",
                                  "[4294967296,4294967296]",            // product wraps to 0
                                  "[4194305,4194305,211106198978564]",  // product wraps to 4
                                  "[9223372036854775808,2]",
                                  "[4611686018427387904,4]",  // wraps only in bytes
                                  "[4611686018427387908]",    // 4n wraps to 16
                                  "[0,9223372036854775808,4]",
                                  "[9223372036854775808,4,0]",  // whatever the order
                                  "[1,1,1,2,2]",
                                  "[]",
                                  "[2]",
                                  "[2,3]",
                                  "[0]"}) {
    cases.push_back({"shape " + shape, entry(R"("F32")", shape, "[0,16]")});
  }
  cases.push_back({"shape of 401 digits", entry(R"("F32")", "[1" + std::string(400, '0') + "]", "[0,16]")});
  cases.push_back({"shape of no bytes by overflow", entry(R"("F32")", "[4294967296,4294967296]", "[0,0]")});
  cases.push_back({"shape of 1000 dimensions", entry(R"("F32")", "[4" + repeat(",1", 999) + "]", "[0,16]")});
  auto files = headers(cases);
  // The size rounded down would fit, so only the missing bits give these away.
  files.push_back({"half a byte", safetensors(entry(R"("F4")", "[31]", "[0,15]"), std::string(15, 'x'))});
  files.push_back({"three quarters of a byte", safetensors(entry(R"("F6_E2M3")", "[1]", "[0,0]"), "")});
  return files;
}

/// E: offsets that do not fill the data exactly.
inline std::vector<NamedFile> malformed_offsets() {
  std::vector<NamedFile> cases;
  for (const std::string offsets : {"[]",
                                    "[0]",
                                    "[0,4,16]",
                                    "[16,0]",
                                    "[-16,0]",
                                    "[0,-16]",
                                    "[0.0,16.0]",
                                    "[0,16.0]",
                                    R"(["0","16"])",
                                    "null",
                                    "{}",
                                    "16",
                                    "[null,16]",
                                    "[0,9223372036854775808]",
                                    "[0,1e1]",
                                    "[18446744073709551600,18446744073709551616]",
                                    "[18446744073709551600,0]",
                                    "[18446744073709551608,8]",
                                    "[0,17]",
                                    "[0,20]",
                                    "[0,1099511627792]",
                                    "[0,12]",
                                    "[4,16]",
                                    "[4,20]",
                                    "[16,32]",
                                    "[0,0]"}) {
    cases.push_back({"offsets " + offsets, entry(R"("F32")", "[2,2]", offsets)});
  }
  cases.push_back({"hole at the start", two("6", "[4,10]", "6", "[10,16]")});
  cases.push_back({"hole in the middle", two("4", "[0,4]", "8", "[8,16]")});
  cases.push_back({"bytes left at the end", two("4", "[0,4]", "4", "[4,8]")});
  cases.push_back({"overlap", two("10", "[0,10]", "10", "[6,16]")});
  cases.push_back({"both the whole", two("16", "[0,16]", "16", "[0,16]")});
  cases.push_back({"one within the other", two("16", "[0,16]", "4", "[4,8]")});
  cases.push_back({"nothing within the other", two("16", "[0,16]", "0", "[8,8]")});
  cases.push_back({"nothing backwards", two("16", "[0,16]", "0", "[16,8]")});
  cases.push_back({"nothing beyond the end", two("16", "[0,16]", "0", "[20,20]")});
  cases.push_back({"no tensors but data", "{}"});
  auto files = headers(cases);
  files.push_back({"one byte short", safetensors(kGood, kData.substr(1))});
  files.push_back({"one byte long", safetensors(kGood, kData + "x")});
  files.push_back({"no data", safetensors(kGood, "")});
  std::string many = "{";
  for (int i = 0; i < 4000; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i)
            + R"(":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";
  }
  files.push_back({"4000 times the same bytes", safetensors(many + "}", kData)});
  return files;
}

/// F: names that are no names.
inline std::vector<NamedFile> malformed_names() {
  const std::string tail = kGood.substr(4);
  std::vector<NamedFile> cases;
  for (const std::string name : {R"()", R"(\u0000)", R"(a\nb)", R"(\u001b[31m)", R"(\u009b)",
                                 "\xe2\x80\xae"
                                 "gpj",
                                 R"(\ud800)", R"(\udc00\ud800)"}) {
    cases.push_back({"name " + name, "{\"" + name + "\"" + tail});
  }
  for (const std::string name : {"../../etc/passwd", "a/../b", ".."}) {
    cases.push_back({"name " + name, "{\"" + name + "\"" + tail});
  }
  cases.push_back({"name of 256 bytes", "{\"" + std::string(256, 'n') + "\"" + tail});
  cases.push_back({"name of 64 KiB", "{\"" + std::string(65536, 'n') + "\"" + tail});
  return headers(cases);
}

}  // namespace microgpt::test
