// Files that are good safetensors and yet no checkpoints, and unusual ones that are.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>

#include "io/malformed_safetensors.hpp"
#include "io/saved_run.hpp"

namespace microgpt::test {

struct ChangedCheckpoint {
  std::string name;
  std::function<void(Parts&)> change;
};

/// The small checkpoint with each of the changes, its SHA-256 made right.
inline std::vector<NamedFile> changed(const std::vector<ChangedCheckpoint>& changes, bool seal = true) {
  const Saved<float> saved;
  std::vector<NamedFile> files;
  for (const ChangedCheckpoint& each : changes) {
    Parts parts(saved.path);
    each.change(parts);
    parts.write(saved.folder / "changed", seal);
    files.push_back({each.name, read_bytes(saved.folder / "changed")});
  }
  return files;
}

/// G: what makes it another thing than a checkpoint.
inline std::vector<NamedFile> malformed_checkpoints() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  return changed({
      {"no format", [](Parts& p) { p.metadata.erase("format"); }},
      {"another format", [](Parts& p) { p.metadata["format"] = "pt"; }},
      {"no version", [](Parts& p) { p.metadata.erase("format_version"); }},
      {"version 4", [](Parts& p) { p.metadata["format_version"] = "4"; }},
      {"version abc", [](Parts& p) { p.metadata["format_version"] = "abc"; }},
      {"version with escapes", [](Parts& p) { p.metadata["format_version"] = "\x1b\n"; }},
      {"no config", [](Parts& p) { p.metadata.erase("config"); }},
      {"config no JSON", [](Parts& p) { p.metadata["config"] = "{,}"; }},
      {"config null", [](Parts& p) { p.metadata["config"] = "null"; }},
      {"config negative", [](Parts& p) { p.replace("config", "\"n_layer\":2", "\"n_layer\":-2"); }},
      {"config huge", [](Parts& p) { p.replace("config", "\"n_embd\":4", "\"n_embd\":2147483648"); }},
      {"config of many layers", [](Parts& p) { p.replace("config", "\"n_layer\":2", "\"n_layer\":200"); }},
      {"config heads", [](Parts& p) { p.replace("config", "\"n_head\":2", "\"n_head\":3"); }},
      {"config unknown key", [](Parts& p) { p.replace("config", "\"n_head\"", "\"n_heads\""); }},
      {"config key twice",
       [](Parts& p) { p.replace("config", "\"n_head\":2", "\"n_head\":2,\"n_head\":2"); }},
      {"config another width", [](Parts& p) { p.replace("config", "\"n_embd\":4", "\"n_embd\":8"); }},
      {"config another context",
       [](Parts& p) { p.replace("config", "\"block_size\":3", "\"block_size\":4"); }},
      {"config other precision", [](Parts& p) { p.replace("config", "float32", "float64"); }},
      {"no vocabulary", [](Parts& p) { p.metadata.erase("vocabulary"); }},
      {"vocabulary no JSON", [](Parts& p) { p.metadata["vocabulary"] = "a"; }},
      {"vocabulary an object", [](Parts& p) { p.metadata["vocabulary"] = "{}"; }},
      {"vocabulary a string", [](Parts& p) { p.metadata["vocabulary"] = "\"abc\""; }},
      {"vocabulary with an array in it", [](Parts& p) { p.metadata["vocabulary"] = R"(["\n",["a"]])"; }},
      {"vocabulary of numbers", [](Parts& p) { p.metadata["vocabulary"] = "[1,2,3,4]"; }},
      {"vocabulary with an empty string", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\""); }},
      {"vocabulary with two characters", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"ab\""); }},
      {"vocabulary with one twice", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\\n\""); }},
      {"vocabulary not in order", [](Parts& p) { p.metadata["vocabulary"] = R"(["b","a","c","d"])"; }},
      {"vocabulary with a surrogate", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\\ud800\""); }},
      {"vocabulary too short", [](Parts& p) { p.replace("vocabulary", "\"a\",", ""); }},
      {"vocabulary too long", [](Parts& p) { p.replace("vocabulary", "\"a\",", "\"a\",\"b\","); }},
      {"no training", [](Parts& p) { p.metadata.erase("training"); }},
      {"training an array", [](Parts& p) { p.metadata["training"] = "[]"; }},
      {"no step", [](Parts& p) { p.replace("training", "\"step\"", "\"stop\""); }},
      {"step negative", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":-1"); }},
      {"step beyond the last", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":11"); }},
      {"step huge", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":4294967299"); }},
      {"step a fraction", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":3.0"); }},
      {"step a string", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":\"3\""); }},
      {"no data digest", [](Parts& p) { p.replace("training", "data_sha256", "data_sha255"); }},
      {"data digest a number",
       [](Parts& p) { p.replace("training", "\"" + std::string(64, 'a') + "\"", "1"); }},
      {"data digest in capitals",
       [](Parts& p) { p.replace("training", std::string(64, 'a'), std::string(64, 'A')); }},
      {"data digest short",
       [](Parts& p) { p.replace("training", std::string(64, 'a'), std::string(63, 'a')); }},
      {"no generator", [](Parts& p) { p.replace("training", "\"rng\"", "\"rnd\""); }},
      {"generator null",
       [](Parts& p) {
         p.metadata["training"] =
             R"({"step":3,"data_sha256":")" + std::string(64, 'a') + R"(","rng":null,"held_out_loss":null})";
       }},
      {"generator without a word",
       [](Parts& p) { p.replace("training", "\"words\":[", "\"words\":[],\"none\":["); }},
      {"generator with 623 words",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"words\":[") + 9;
         p.metadata["training"].erase(at, p.metadata["training"].find(',', at) + 1 - at);
       }},
      {"generator with 625 words", [](Parts& p) { p.replace("training", "\"words\":[", "\"words\":[0,"); }},
      {"generator with a large word",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"words\":[") + 9;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "4294967296");
       }},
      {"generator with a negative word",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"words\":[") + 9;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "-1");
       }},
      {"generator with a word a fraction",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"words\":[") + 9;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "1.5");
       }},
      {"generator with words by name",
       [](Parts& p) {
         std::string words = "{\"0\":0";
         for (int i = 1; i < 624; ++i) words += ",\"" + std::to_string(i) + "\":0";
         const auto at = p.metadata["training"].find("\"words\":[") + 8;
         p.metadata["training"].replace(at, p.metadata["training"].find(']', at) + 1 - at, words + "}");
       }},
      {"generator with something else",
       [](Parts& p) { p.replace("training", "\"index\":", "\"more\":0,\"index\":"); }},
      {"generator index a fraction",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"index\":") + 8;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "1.5");
       }},
      {"generator index 625",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"index\":") + 8;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "625");
       }},
      {"generator index negative",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"index\":") + 8;
         p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "-1");
       }},
      {"generator words a number",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"words\":[") + 8;
         p.metadata["training"].replace(at, p.metadata["training"].find(']', at) + 1 - at, "624");
       }},
      {"generator waiting for a string",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"waiting_gauss\":") + 16;
         p.metadata["training"].replace(at, p.metadata["training"].find('}', at) - at, "\"x\"");
       }},
      {"generator waiting for infinity",
       [](Parts& p) {
         const auto at = p.metadata["training"].find("\"waiting_gauss\":") + 16;
         p.metadata["training"].replace(at, p.metadata["training"].find('}', at) - at, "1e999");
       }},
      {"no held-out loss", [](Parts& p) { p.replace("training", "held_out_loss", "held_out_lass"); }},
      {"held-out loss a string",
       [](Parts& p) { p.replace("training", "\"held_out_loss\":", "\"held_out_loss\":\"x\",\"y\":"); }},
      {"a tensor missing", [](Parts& p) { p.erase(0); }},
      {"a moment missing", [](Parts& p) { p.erase(44); }},
      {"a tensor too many",
       [](Parts& p) {
         p.tensors.push_back({"extra", "F32", {0}, {}});
         p.bytes.emplace_back();
       }},
      {"a tensor by another name", [](Parts& p) { p.tensors[0].name = "wtf"; }},
      {"a shape the other way round",
       [](Parts& p) {
         p.tensors[1].shape = {4, 3};
       }},
      {"a shape of one dimension", [](Parts& p) { p.tensors[1].shape = {12}; }},
      {"another dtype of that size", [](Parts& p) { p.tensors[2].dtype = "I32"; }},
      {"a weight not a number", [=](Parts& p) { p.set_number(0, 3, kNan); }},
      {"a weight infinite", [=](Parts& p) { p.set_number(14, 0, kInf); }},
      {"a first moment infinite", [=](Parts& p) { p.set_number(15, 1, -kInf); }},
      {"a second moment not a number", [=](Parts& p) { p.set_number(30, 2, kNan); }},
      {"a second moment negative", [](Parts& p) { p.set_number(31, 0, -1e-30F); }},
  });
}

/// The digest, or what it covers, is another than it was.
inline std::vector<NamedFile> damaged_checkpoints() {
  return changed(
      {
          {"no digest", [](Parts& p) { p.metadata.erase("sha256"); }},
          {"digest empty", [](Parts& p) { p.metadata["sha256"] = ""; }},
          {"digest of zeros", [](Parts& p) { p.metadata["sha256"] = std::string(64, '0'); }},
          {"digest cut", [](Parts& p) { p.metadata["sha256"].pop_back(); }},
          {"digest in capitals",
           [](Parts& p) {
             for (char& digit : p.metadata["sha256"])
               digit = digit >= 'a' ? static_cast<char>(digit - 32) : digit;
           }},
          {"digest of the numbers alone, as version 1 has it",
           [](Parts& p) {
             std::string all;
             for (const std::string& bytes : p.bytes) all += bytes;
             p.metadata["sha256"] = sha256(all);
           }},
          {"the text's digest changed", [](Parts& p) { p.replace("training", "aaaa", "aaab"); }},
          {"another step", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":4"); }},
          {"another number of the generator",
           [](Parts& p) {
             char& digit = p.metadata["training"].at(p.metadata["training"].find("\"words\":[") + 9);
             digit = digit == '1' ? '2' : '1';
           }},
          {"another held-out loss", [](Parts& p) { p.replace("training", "0.666", "0.667"); }},
          {"another learning rate",
           [](Parts& p) { p.replace("config", "\"learning_rate\":0.01", "\"learning_rate\":0.02"); }},
          {"another letter", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"b\""); }},
          {"another sign", [](Parts& p) { p.bytes[4].back() = static_cast<char>(p.bytes[4].back() ^ 0x80); }},
          {"two tensors exchanged", [](Parts& p) { std::swap(p.tensors[3].name, p.tensors[4].name); }},
      },
      false);
}

/// Another header over the bytes of the small checkpoint, and perhaps others of its numbers.
inline std::vector<NamedFile> unusual_checkpoints() {
  auto files = changed({
      {"as it was", [](Parts&) {}},
      {"tensors backwards",
       [](Parts& p) {
         std::reverse(p.tensors.begin(), p.tensors.end());
         std::reverse(p.bytes.begin(), p.bytes.end());
       }},
      {"tensors in the order of their names",
       [](Parts& p) {
         std::map<std::string, std::pair<TensorEntry, std::string>> sorted;
         for (std::size_t i = 0; i < p.tensors.size(); ++i)
           sorted[p.tensors[i].name] = {p.tensors[i], p.bytes[i]};
         std::size_t at = 0;
         for (const auto& [name, both] : sorted) {
           p.tensors[at] = both.first;
           p.bytes[at++] = both.second;
         }
       }},
      {"moments first",
       [](Parts& p) {
         std::rotate(p.tensors.begin(), p.tensors.begin() + 15, p.tensors.end());
         std::rotate(p.bytes.begin(), p.bytes.begin() + 15, p.bytes.end());
       }},
      {"metadata of other tools, which the digest does not cover",
       [](Parts& p) { p.metadata["pt"] = "\x1b[31m \xf0\x9f\x98\x80"; }},
      {"config with spaces and lines", [](Parts& p) { p.replace("config", "{", " \n\t{ \r\n "); }},
      {"config with escapes", [](Parts& p) { p.replace("config", "\"a test\"", "\"\\u0061 test\""); }},
      {"config without keys that have their defaults",
       [](Parts& p) { p.replace("config", "\"learning_rate\":0.01,", ""); }},
      {"config with its groups in another order",
       [](Parts& p) {
         const std::string seed = "\"seed\":18446744073709551615,";
         p.replace("config", seed, "");
         p.replace("config", "{", "{" + seed);
       }},
      {"vocabulary with escapes",
       [](Parts& p) { p.metadata["vocabulary"] = R"(["\u000a","\u0061","\u00e9","\ud83d\ude00"])"; }},
      {"training with more keys", [](Parts& p) { p.replace("training", "{", "{\"more\":[{}],"); }},
  });
  const auto unsealed = changed({{"", [](Parts& p) { p.metadata["more"] = "after the digest"; }}}, false);
  files.push_back({"metadata that came after the digest", unsealed[0].bytes});
  // By hand: what our writer never writes.
  const std::string bytes = files[0].bytes;
  std::size_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  std::string header = bytes.substr(8, size);
  header.erase(header.find_last_of('}') + 1);
  const std::string data = bytes.substr(8 + size);
  files.push_back({"no padding", safetensors(header, data)});
  files.push_back({"padding of lines and tabs", safetensors(header + "\n\t\r\n ", data)});
  files.push_back({"a page of padding", safetensors(header + std::string(4096, ' '), data)});
  const std::size_t tensors = header.find("\"wte\"");
  const std::string metadata = header.substr(1, tensors - 2);
  files.push_back(
      {"metadata last",
       safetensors("{" + header.substr(tensors, header.size() - tensors - 1) + "," + metadata + "}", data)});
  std::string spaced = header;
  spaced.replace(tensors, 5, "\n  \"\\u0077te\" ");
  files.push_back({"spaces and escapes in the header", safetensors(spaced, data)});
  return files;
}

/// Files of safetensors that are unusual and valid, and no checkpoints.
inline std::vector<NamedFile> unusual_safetensors() {
  const std::string tail = kGood.substr(4);
  std::vector<NamedFile> files = {
      {"nothing", safetensors("{}", "")},
      {"empty metadata", safetensors(R"({"__metadata__":{}})", "")},
      {"padding", safetensors(kGood + "   ", kData)},
      {"one number without dimensions", safetensors(entry(R"("F32")", "[]", "[0,4]"), "1234")},
      {"no numbers", safetensors(entry(R"("F32")", "[0]", "[0,0]"), "")},
      {"no numbers of a large dimension", safetensors(entry(R"("F32")", "[281474976710655,0]", "[0,0]"), "")},
      {"half bytes", safetensors(entry(R"("F4")", "[32]", "[0,16]"), kData)},
      {"three quarters of bytes", safetensors(entry(R"("F6_E3M2")", "[4]", "[0,3]"), "123")},
      {"four dimensions", safetensors(entry(R"("U8")", "[1,2,2,4]", "[0,16]"), kData)},
      {"entries in another order than bytes", safetensors(two("4", "[12,16]", "12", "[0,12]"), kData)},
      {"none after some", safetensors(two("16", "[0,16]", "0", "[16,16]"), kData)},
      {"none before some", safetensors(two("0", "[0,0]", "16", "[0,16]"), kData)},
      {"a name of 255 bytes", safetensors("{\"" + std::string(255, 'n') + "\"" + tail, kData)},
      // e with acute, in one code point and in two: two names
      {"two names that look alike",
       safetensors("{\"\xc3\xa9\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
                   "\"e\xcc\x81\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}",
                   kData)},
      {"a name with a slash and dots", safetensors("{\"a/b..c/...\"" + tail, kData)},
      {"keys in another order",
       safetensors(R"({"a":{"data_offsets":[0,16],"shape":[2,2],"dtype":"F32"}})", kData)},
      {"spaces everywhere",
       safetensors("{ \"a\" :\t{\"dtype\": \"F32\" , \"shape\":[ 2,\n2 ],\"data_offsets\":[0 ,16]} }\r\n",
                   kData)},
      {"numbers that are not finite", safetensors(kGood, std::string(16, '\xff'))},
      {"an escape in a dtype", safetensors(entry(R"("\u004632")", "[2,2]", "[0,16]"), kData)},
      {"metadata of any characters",
       safetensors("{\"__metadata__\":{\"\":\"\\u0000\xe2\x80\xae\"}," + kGood.substr(1), kData)},
  };
  return files;
}

}  // namespace microgpt::test
