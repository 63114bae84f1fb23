#include "microgpt/io/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>

#include "microgpt/base/sha256.hpp"
#include "support/config.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace microgpt;
using namespace microgpt::test;

/// A small run in the middle of its training.
template <class T>
struct Saved {
  RunConfig config;
  Tokenizer tokenizer{std::vector<char32_t>{U'\n', U'a', U'\u00e9', U'\U0001f600'}};
  TrainingRecord record;
  TrainState<T> state;
  TempFolder folder;
  std::filesystem::path path = folder / "step-00000003.safetensors";

  explicit Saved(ModelConfig model = {2, 4, 2, 3, 5, Activation::relu2}) : state(model) {
    config.why = "a test";
    config.seed = 18446744073709551615U;
    config.data.path = "/some/where.txt";
    config.model = model;
    config.train.steps = 10;
    config.precision = sizeof(T) == 4 ? Precision::float32 : Precision::float64;
    Rng rng(7);
    initialize(state.parameters, InitConfig{}, rng);
    for (T& m : state.m.values()) m = static_cast<T>(rng.gauss(0, 1));
    for (T& v : state.v.values()) v = static_cast<T>(rng.random());
    state.step = 3;
    static_cast<void>(rng.gauss(0, 1));  // an odd number of them: one waits
    record = {3, std::string(64, 'a'), rng.state(), 2.0 / 3};
    save();
  }
  void save() const { save_checkpoint(path, config, tokenizer, record, state); }
};

/// Values compared by their bits: -0 is not 0.
template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// A checkpoint file taken apart, to be changed and put together again.
struct Parts {
  Metadata metadata;
  std::vector<TensorEntry> tensors;
  std::vector<std::string> bytes;

  explicit Parts(const std::filesystem::path& path) {
    const auto file = SafetensorsFile::read(path);
    metadata = file.metadata();
    tensors = file.tensors();
    for (const TensorEntry& tensor : tensors) bytes.emplace_back(tensor.bytes);
  }
  /// With its SHA-256 made right, so that it is not what gives the change away.
  void write(const std::filesystem::path& path, bool seal = true) {
    std::string all;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].bytes = bytes[i];
      all += bytes[i];
    }
    if (seal) metadata["sha256"] = sha256(all);
    write_safetensors(path, metadata, tensors);
  }
  void replace(const std::string& key, const std::string& part, const std::string& by) {
    std::string& text = metadata.at(key);
    const auto at = text.find(part);
    if (at == std::string::npos) throw std::runtime_error("no " + part + " in " + text);
    text.replace(at, part.size(), by);
  }
  void set_number(std::size_t tensor, std::size_t index, float value) {
    std::memcpy(bytes.at(tensor).data() + index * sizeof value, &value, sizeof value);
  }
  void erase(std::size_t i) {
    tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i));
    bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(i));
  }
};

Failure load_failure(const std::filesystem::path& path) {
  return failure_of([&] { Checkpoint::load(path); });
}

template <class T>
void check_round_trip() {
  const Saved<T> saved;
  const Checkpoint loaded = Checkpoint::load(saved.path);
  CHECK(config_text(loaded.config()) == config_text(saved.config));
  CHECK(loaded.config().model.vocab_size == 5);
  CHECK(std::vector<char32_t>(loaded.tokenizer().characters().begin(), loaded.tokenizer().characters().end())
        == std::vector<char32_t>(saved.tokenizer.characters().begin(), saved.tokenizer.characters().end()));
  CHECK(loaded.training().step == 3);
  CHECK(loaded.training().data_sha256 == saved.record.data_sha256);
  CHECK(loaded.training().rng == saved.record.rng);
  CHECK(loaded.training().rng.waiting_gauss.has_value());
  CHECK(loaded.training().held_out_loss == saved.record.held_out_loss);

  const auto state = loaded.train_state<T>();
  CHECK(state.step == 3);
  CHECK(same_bits<T>(state.parameters.values(), saved.state.parameters.values()));
  CHECK(same_bits<T>(state.m.values(), saved.state.m.values()));
  CHECK(same_bits<T>(state.v.values(), saved.state.v.values()));
  CHECK(same_bits<T>(loaded.parameters<T>().values(), saved.state.parameters.values()));

  const auto again = saved.folder / "again";
  save_checkpoint(again, loaded.config(), loaded.tokenizer(), loaded.training(), state);
  CHECK(read_bytes(again) == read_bytes(saved.path));
}

}  // namespace

TEST_SUITE("io") {
  TEST_CASE("checkpoint: what was saved is loaded to the bit and saved again to the byte") {
    check_round_trip<float>();
    check_round_trip<double>();
  }

  TEST_CASE("checkpoint: extreme numbers and absent ones come back") {
    Saved<double> saved;
    const double extremes[] = {-0.0, std::numeric_limits<double>::denorm_min(),
                               std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(),
                               0.1};
    std::copy(std::begin(extremes), std::end(extremes), saved.state.parameters.values().begin());
    saved.record.held_out_loss.reset();
    saved.record.rng.waiting_gauss.reset();
    saved.record.rng.index = 0;
    saved.record.rng.words.fill(0xffffffffU);
    saved.save();
    const Checkpoint loaded = Checkpoint::load(saved.path);
    CHECK(same_bits<double>(loaded.parameters<double>().values(), saved.state.parameters.values()));
    CHECK(!loaded.training().held_out_loss.has_value());
    CHECK(loaded.training().rng == saved.record.rng);

    for (const double waiting : {-0.0, 5e-324, 0.1, -2.2250738585072014e-308, 1.7976931348623157e308}) {
      saved.record.rng.waiting_gauss = waiting;
      saved.save();
      const auto back = Checkpoint::load(saved.path).training().rng.waiting_gauss;
      REQUIRE(back.has_value());
      CHECK(*back == waiting);
      CHECK(std::signbit(*back) == std::signbit(waiting));
    }
  }

  TEST_CASE("checkpoint: the file is the documented safetensors") {
    const Saved<float> saved;
    const auto file = SafetensorsFile::read(saved.path);
    std::string keys;
    for (const auto& [key, value] : file.metadata()) keys += key + ' ';
    CHECK(keys == "config format format_version sha256 training vocabulary ");
    CHECK(file.metadata().at("format") == "microgpt");
    CHECK(file.metadata().at("vocabulary") == "[\"\\n\",\"a\",\"\xc3\xa9\",\"\xf0\x9f\x98\x80\"]");
    CHECK(file.metadata().at("sha256") == sha256(file.data()));
    const std::vector<std::string> table = {"wte",
                                            "wpe",
                                            "lm_head",
                                            "layer0.attn_wq",
                                            "layer0.attn_wk",
                                            "layer0.attn_wv",
                                            "layer0.attn_wo",
                                            "layer0.mlp_fc1",
                                            "layer0.mlp_fc2",
                                            "layer1.attn_wq",
                                            "layer1.attn_wk",
                                            "layer1.attn_wv",
                                            "layer1.attn_wo",
                                            "layer1.mlp_fc1",
                                            "layer1.mlp_fc2"};
    REQUIRE(file.tensors().size() == 3 * table.size());
    std::size_t at = 0;
    for (const std::string prefix : {"", "adam.m.", "adam.v."}) {
      for (const std::string& name : table) CHECK(file.tensors()[at++].name == prefix + name);
    }
    CHECK(file.tensors()[1].shape == std::vector<std::uint64_t>{3, 4});
    CHECK(file.tensors()[7].shape == std::vector<std::uint64_t>{16, 4});
    CHECK(file.tensors()[0].dtype == "F32");
    float first = 0;
    std::memcpy(&first, file.tensors()[0].bytes.data(), sizeof first);
    CHECK(first == saved.state.parameters.values()[0]);
  }

  TEST_CASE("checkpoint: every change that makes it another thing is refused") {
    const Saved<float> saved;
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    constexpr float kInf = std::numeric_limits<float>::infinity();
    struct Case {
      const char* name;
      std::function<void(Parts&)> change;
      const char* named;
    };
    const Case cases[] = {
        {"no format", [](Parts& p) { p.metadata.erase("format"); }, "not of microgpt"},
        {"another format", [](Parts& p) { p.metadata["format"] = "pt"; }, "not of microgpt"},
        {"no version", [](Parts& p) { p.metadata.erase("format_version"); }, "format_version"},
        {"version 2", [](Parts& p) { p.metadata["format_version"] = "2"; }, "is 2; this"},
        {"version abc", [](Parts& p) { p.metadata["format_version"] = "abc"; }, "abc"},
        {"version with escapes", [](Parts& p) { p.metadata["format_version"] = "\x1b\n"; }, "\\x1b\\n"},
        {"no config", [](Parts& p) { p.metadata.erase("config"); }, "config"},
        {"config no JSON", [](Parts& p) { p.metadata["config"] = "{,}"; }, "(config)"},
        {"config null", [](Parts& p) { p.metadata["config"] = "null"; }, "(config)"},
        {"config negative", [](Parts& p) { p.replace("config", "\"n_layer\":2", "\"n_layer\":-2"); },
         "n_layer (-2)"},
        {"config huge", [](Parts& p) { p.replace("config", "\"n_embd\":4", "\"n_embd\":2147483648"); },
         "n_embd"},
        {"config of many layers", [](Parts& p) { p.replace("config", "\"n_layer\":2", "\"n_layer\":200"); },
         "its config asks for 3609"},
        {"config heads", [](Parts& p) { p.replace("config", "\"n_head\":2", "\"n_head\":3"); }, "n_head (3)"},
        {"config unknown key", [](Parts& p) { p.replace("config", "\"n_head\"", "\"n_heads\""); }, "n_heads"},
        {"config key twice",
         [](Parts& p) { p.replace("config", "\"n_head\":2", "\"n_head\":2,\"n_head\":2"); }, "twice"},
        {"config another width", [](Parts& p) { p.replace("config", "\"n_embd\":4", "\"n_embd\":8"); },
         "tensor wte"},
        {"config another context",
         [](Parts& p) { p.replace("config", "\"block_size\":3", "\"block_size\":4"); }, "tensor wpe"},
        {"config other precision", [](Parts& p) { p.replace("config", "float32", "float64"); },
         "must be F64"},
        {"no vocabulary", [](Parts& p) { p.metadata.erase("vocabulary"); }, "vocabulary"},
        {"vocabulary no JSON", [](Parts& p) { p.metadata["vocabulary"] = "a"; }, "(vocabulary)"},
        {"vocabulary an object", [](Parts& p) { p.metadata["vocabulary"] = "{}"; }, "not an array"},
        {"vocabulary of numbers", [](Parts& p) { p.metadata["vocabulary"] = "[1,2,3,4]"; }, "strings"},
        {"vocabulary with an empty string", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\""); },
         "one character"},
        {"vocabulary with two characters", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"ab\""); },
         "one character"},
        {"vocabulary with one twice", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\\n\""); },
         "ascending"},
        {"vocabulary not in order", [](Parts& p) { p.metadata["vocabulary"] = R"(["b","a","c","d"])"; },
         "ascending"},
        {"vocabulary with a surrogate", [](Parts& p) { p.replace("vocabulary", "\"a\"", "\"\\ud800\""); },
         "(vocabulary)"},
        {"vocabulary too short", [](Parts& p) { p.replace("vocabulary", "\"a\",", ""); }, "tensor wte"},
        {"vocabulary too long", [](Parts& p) { p.replace("vocabulary", "\"a\",", "\"a\",\"b\","); },
         "tensor wte"},
        {"no training", [](Parts& p) { p.metadata.erase("training"); }, "training"},
        {"training an array", [](Parts& p) { p.metadata["training"] = "[]"; }, "training"},
        {"no step", [](Parts& p) { p.replace("training", "\"step\"", "\"stop\""); }, "no step"},
        {"step negative", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":-1"); }, "step"},
        {"step beyond the last", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":11"); },
         "train.steps"},
        {"step huge", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":4294967299"); }, "step"},
        {"step a fraction", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":3.0"); }, "step"},
        {"step a string", [](Parts& p) { p.replace("training", "\"step\":3", "\"step\":\"3\""); }, "step"},
        {"no data digest", [](Parts& p) { p.replace("training", "data_sha256", "data_sha255"); },
         "data_sha256"},
        {"data digest a number",
         [](Parts& p) { p.replace("training", "\"" + std::string(64, 'a') + "\"", "1"); }, "data_sha256"},
        {"no generator", [](Parts& p) { p.replace("training", "\"rng\"", "\"rnd\""); }, "rng"},
        {"generator null",
         [](Parts& p) {
           p.metadata["training"] = R"({"step":3,"data_sha256":"","rng":null,"held_out_loss":null})";
         },
         "generator"},
        {"generator without a word",
         [](Parts& p) { p.replace("training", "\"words\":[", "\"words\":[],\"none\":["); }, "generator"},
        {"generator with 623 words",
         [](Parts& p) {
           const auto at = p.metadata["training"].find("\"words\":[") + 9;
           p.metadata["training"].erase(at, p.metadata["training"].find(',', at) + 1 - at);
         },
         "624"},
        {"generator with 625 words", [](Parts& p) { p.replace("training", "\"words\":[", "\"words\":[0,"); },
         "624"},
        {"generator with a large word",
         [](Parts& p) {
           const auto at = p.metadata["training"].find("\"words\":[") + 9;
           p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "4294967296");
         },
         "32-bit"},
        {"generator with a negative word",
         [](Parts& p) {
           const auto at = p.metadata["training"].find("\"words\":[") + 9;
           p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "-1");
         },
         "32-bit"},
        {"generator index 625",
         [](Parts& p) {
           const auto at = p.metadata["training"].find("\"index\":") + 8;
           p.metadata["training"].replace(at, p.metadata["training"].find(',', at) - at, "625");
         },
         "624"},
        {"generator waiting for a string",
         [](Parts& p) { p.replace("training", "\"waiting_gauss\":", "\"waiting_gauss\":\"x\",\"y\":"); },
         "generator"},
        {"generator waiting for infinity",
         [](Parts& p) {
           const auto at = p.metadata["training"].find("\"waiting_gauss\":") + 16;
           p.metadata["training"].replace(at, p.metadata["training"].find('}', at) - at, "1e999");
         },
         "(training)"},
        {"no held-out loss", [](Parts& p) { p.replace("training", "held_out_loss", "held_out_lass"); },
         "held_out_loss"},
        {"held-out loss a string",
         [](Parts& p) { p.replace("training", "\"held_out_loss\":", "\"held_out_loss\":\"x\",\"y\":"); },
         "held_out_loss"},
        {"a tensor missing", [](Parts& p) { p.erase(0); }, "44 tensors"},
        {"a moment missing", [](Parts& p) { p.erase(44); }, "44 tensors"},
        {"a tensor too many",
         [](Parts& p) {
           p.tensors.push_back({"extra", "F32", {0}, {}});
           p.bytes.emplace_back();
         },
         "46 tensors"},
        {"a tensor by another name", [](Parts& p) { p.tensors[0].name = "wtf"; },
         "tensor wtf stands where wte"},
        {"two tensors the other way round", [](Parts& p) { std::swap(p.tensors[3].name, p.tensors[4].name); },
         "layer0.attn_wk stands where layer0.attn_wq"},
        {"a shape the other way round",
         [](Parts& p) {
           p.tensors[1].shape = {4, 3};
         },
         "shape [3, 4], is F32 [4,3]"},
        {"a shape of one dimension", [](Parts& p) { p.tensors[1].shape = {12}; }, "is F32 [12]"},
        {"another dtype of that size", [](Parts& p) { p.tensors[2].dtype = "I32"; }, "is I32"},
        {"a weight not a number", [=](Parts& p) { p.set_number(0, 3, kNan); }, "tensor wte: number 3"},
        {"a weight infinite", [=](Parts& p) { p.set_number(14, 0, kInf); }, "layer1.mlp_fc2: number 0"},
        {"a first moment infinite", [=](Parts& p) { p.set_number(15, 1, -kInf); }, "adam.m.wte: number 1"},
        {"a second moment not a number", [=](Parts& p) { p.set_number(30, 2, kNan); },
         "adam.v.wte: number 2"},
        {"a second moment negative", [](Parts& p) { p.set_number(31, 0, -1e-30F); }, "adam.v.wpe: number 0"},
    };
    const auto path = saved.folder / "changed.safetensors";
    Parts(saved.path).write(path);
    CHECK(read_bytes(path).size() == read_bytes(saved.path).size());
    CHECK(load_failure(path).message == "nothing was refused");  // taken apart, put together
    for (const Case& each : cases) {
      CAPTURE(each.name);
      Parts parts(saved.path);
      each.change(parts);
      parts.write(path);
      const Failure got = load_failure(path);
      CAPTURE(got.message);
      CHECK(got.fault == 4);
      CHECK(got.is_one_line());
      CHECK(got.names(each.named));
    }
  }

  TEST_CASE("checkpoint: a digest that is not that of the numbers is refused") {
    const Saved<float> saved;
    const auto path = saved.folder / "changed.safetensors";
    for (const std::string& digest : {std::string(), std::string(64, '0'), std::string("x")}) {
      Parts parts(saved.path);
      parts.metadata["sha256"] = digest;
      parts.write(path, false);
      CHECK(load_failure(path).names("SHA-256"));
    }
    Parts parts(saved.path);
    parts.metadata.erase("sha256");
    parts.write(path, false);
    CHECK(load_failure(path).names("no sha256"));
    CHECK(load_failure(path).fault == 4);
  }

  TEST_CASE("checkpoint: every flipped bit of the numbers is noticed and no flip does harm") {
    const Saved<float> saved({0, 1, 1, 1, 5, Activation::relu});
    const std::string bytes = read_bytes(saved.path);
    const std::size_t data = bytes.size() - SafetensorsFile::read(saved.path).data().size();
    REQUIRE(bytes.size() - data == 3 * 11 * sizeof(float));
    std::fstream file(saved.path, std::ios::in | std::ios::out | std::ios::binary);
    const auto put = [&](std::size_t at, int byte) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte));
      file.flush();
    };
    const auto flipped = [&](std::size_t at, int bit) {
      put(at, bytes[at] ^ (1 << bit));
      const Failure got = load_failure(saved.path);
      put(at, bytes[at]);
      return got;
    };
    for (std::size_t at = data; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        const Failure got = flipped(at, bit);
        if (got.fault != 4 || !got.names("SHA-256")) FAIL_CHECK("byte " << at << ": " << got.message);
      }
    }
    int loaded = 0;
    for (std::size_t at = 0; at < data; at += 3) {
      const Failure got = flipped(at, static_cast<int>(at % 8));
      if (got.fault != 4 && got.fault != 0) FAIL_CHECK("byte " << at << ": " << got.message);
      if (got.fault == 4 && !got.is_one_line()) FAIL_CHECK("byte " << at << ": " << got.message);
      loaded += got.fault == 0 ? 1 : 0;
    }
    CHECK(loaded > 0);  // another digit in the generator's state is another valid state
    CHECK(load_failure(saved.path).message == "nothing was refused");
  }

  TEST_CASE("checkpoint: cut at any length it is refused") {
    const Saved<float> saved;
    for (std::size_t size = read_bytes(saved.path).size(); size > 0;) {
      size -= size > 100 ? 37 : 1;
      std::filesystem::resize_file(saved.path, size);
      const Failure got = load_failure(saved.path);
      if (got.fault != 4 || !got.is_one_line()) FAIL_CHECK(size << " bytes: " << got.message);
    }
  }

  TEST_CASE("checkpoint: a state that is not finite is not saved and leaves no file") {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kInf = std::numeric_limits<double>::infinity();
    for (const double bad : {kNan, kInf, -kInf}) {
      for (const int which : {0, 1, 2}) {
        Saved<double> saved;
        auto& set = which == 0 ? saved.state.parameters : which == 1 ? saved.state.m : saved.state.v;
        set.values()[set.values().size() - 1] = bad;
        const auto path = saved.folder / "new.safetensors";
        const Failure got = failure_of(
            [&] { save_checkpoint(path, saved.config, saved.tokenizer, saved.record, saved.state); });
        CAPTURE(got.message);
        CHECK(got.fault == 6);
        CHECK(got.is_one_line());
        CHECK(got.names("layer1.mlp_fc2"));
        CHECK(got.names("step 3"));
        CHECK(names_in(saved.folder.path()).size() == 1);
        CHECK(load_failure(saved.path).fault == 0);
      }
    }
  }

  TEST_CASE("checkpoint: where it cannot be written it says so") {
    const Saved<float> saved;
    const Failure got = failure_of([&] {
      save_checkpoint(saved.folder / "no/folder", saved.config, saved.tokenizer, saved.record, saved.state);
    });
    CHECK(got.fault == 5);
    CHECK(got.is_one_line());
  }
}
