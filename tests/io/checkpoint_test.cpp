#include "microgpt/io/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>

#include "io/saved_run.hpp"
#include "support/config.hpp"
#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// Values compared by their bits: -0 is not 0.
  template <class T>
  bool same_bits(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
  }

  Failure load_failure(const std::filesystem::path& path) {
    return failure_of([&] { Checkpoint::load(path); });
  }

  template <class T>
  void check_round_trip() {
    const Saved<T> saved;
    const Checkpoint loaded = Checkpoint::load(saved.path);
    CHECK(config_text(loaded.config()) == config_text(saved.config));
    CHECK(loaded.config().model.vocab_size == 5);
    CHECK(
        std::vector<char32_t>(loaded.tokenizer().characters().begin(), loaded.tokenizer().characters().end())
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
    CHECK(file.metadata().at("sha256") == Parts(saved.path).digest());
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
        CHECK(got.parts.where.starts_with("step 3, tensor "));
        CHECK(got.parts.where.ends_with("layer1.mlp_fc2"));
        CHECK(names_in(saved.folder.path()).size() == 1);
        CHECK(load_failure(saved.path).fault == 0);
      }
    }
  }

  TEST_CASE("checkpoint: either precision is judged, when it is saved and when it is loaded") {
    Saved<float> single;
    single.state.parameters.values()[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(failure_of([&] { single.save(); }).fault == 6);
    for (const auto& [tensor, value] :
         {std::pair(0, std::numeric_limits<double>::infinity()), std::pair(31, -1e-300)}) {
      const Saved<double> saved;
      Parts parts(saved.path);
      std::memcpy(parts.bytes.at(static_cast<std::size_t>(tensor)).data(), &value, sizeof value);
      parts.write(saved.folder / "changed");
      CHECK(load_failure(saved.folder / "changed").is(Fault::checkpoint, {.hint = "number 0"}));
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

  TEST_CASE("checkpoint: a state that is taken out is the file's, in the file's precision without a copy") {
    const Saved<float> saved;
    Checkpoint loaded = Checkpoint::load(saved.path);
    const auto copy = loaded.train_state<float>();
    const char* const place = loaded.file().tensors()[0].bytes.data();
    const auto doubled = Checkpoint::load(saved.path).train_state<double>();
    const auto taken = std::move(loaded).train_state<float>();
    CHECK(static_cast<const void*>(taken.parameters.values().data()) == place);
    CHECK(taken.step == copy.step);
    CHECK(same_bits<float>(taken.parameters.values(), copy.parameters.values()));
    CHECK(same_bits<float>(taken.m.values(), copy.m.values()));
    CHECK(same_bits<float>(taken.v.values(), copy.v.values()));
    CHECK(std::equal(doubled.v.values().begin(), doubled.v.values().end(), copy.v.values().begin()));
  }

  TEST_CASE("checkpoint: a file of format version 1 is read for ever") {
    const auto path = repository_file("tests/golden/checkpoint-v1.safetensors");
    const Checkpoint checkpoint = Checkpoint::load(path);
    CHECK(checkpoint.file().metadata().at("format_version") == "1");
    CHECK(checkpoint.training().step == 3);
    CHECK(checkpoint.config().train.steps == 6);
    CHECK(checkpoint.config().precision == Precision::float64);
    CHECK(checkpoint.config().data.held_out == 0.2);
    CHECK(checkpoint.tokenizer().vocab_size() == 28);
    // It goes on as one of the present version.
    const TempFolder folder;
    save_checkpoint(folder / "new", checkpoint.config(), checkpoint.tokenizer(), checkpoint.training(),
                    checkpoint.train_state<double>());
    const Checkpoint again = Checkpoint::load(folder / "new");
    CHECK(again.file().metadata().at("format_version") == "3");
    const auto before = checkpoint.train_state<double>();
    const auto after = again.train_state<double>();
    CHECK(same_bits<double>(after.parameters.values(), before.parameters.values()));
    CHECK(same_bits<double>(after.m.values(), before.m.values()));
    CHECK(same_bits<double>(after.v.values(), before.v.values()));
    CHECK(again.training().rng == checkpoint.training().rng);
    // Its digest is that of the numbers.
    std::string bytes = read_bytes(path);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    CHECK(failure_of([&] { Checkpoint::parse(bytes, "x"); }).names("SHA-256"));
  }

  TEST_CASE("checkpoint: Muon's momentum is named as what it is, and there is no second moment beside it") {
    Saved<float> saved;
    saved.config.train.optimizer = OptimizerKind::muon;
    for (std::size_t i = 0; i < saved.state.v.table().size(); ++i) {
      if (is_in_layer(saved.state.v.table()[i].kind)) saved.state.v.tensor(i).setZero();
    }
    saved.save();
    const Checkpoint checkpoint = Checkpoint::load(saved.path);
    CHECK(checkpoint.has_moments());
    CHECK(checkpoint.file().tensors().size() == 15 + 15 + 3);
    std::size_t by_muon = 0;
    for (const TensorEntry& tensor : checkpoint.file().tensors()) {
      by_muon += tensor.name.starts_with("muon.m.layer") ? 1U : 0U;
      CHECK_MESSAGE(!tensor.name.starts_with("adam.v.layer"), tensor.name);
    }
    CHECK(by_muon == 12);
    const TrainState<float> state = checkpoint.train_state<float>();
    CHECK(same_bits<float>(state.m.values(), saved.state.m.values()));
    CHECK(same_bits<float>(state.v.values(), saved.state.v.values()));
  }

  TEST_CASE("checkpoint: weights alone are enough to read a model") {
    const Saved<float> saved;
    Parts parts(saved.path);
    while (parts.tensors.size() > 15) parts.erase(15);
    parts.write(saved.folder / "weights");
    const Checkpoint checkpoint = Checkpoint::load(saved.folder / "weights");
    CHECK(!checkpoint.has_moments());
    CHECK(same_bits<float>(checkpoint.parameters<float>().values(), saved.state.parameters.values()));
    // Some of the moments are a damaged file, and so are none of them in the format that had to have them.
    parts.metadata["format_version"] = "2";
    parts.write(saved.folder / "second");
    CHECK(failure_of([&] { Checkpoint::load(saved.folder / "second"); }).names("15 tensors"));
    Parts some(saved.path);
    some.erase(40);
    some.write(saved.folder / "some");
    CHECK(failure_of([&] { Checkpoint::load(saved.folder / "some"); }).names("44 tensors"));
  }

  TEST_CASE("checkpoint: no memory is given to a file that is only large") {
    const TempFolder folder;
    const auto path = folder / "large";
    write_bytes(path, "");
    std::filesystem::resize_file(path, std::uintmax_t{60} << 30);  // of nothing
    CHECK(load_failure(path).is(Fault::checkpoint, {.where = path.string(), .hint = "{"}));
    // A header that fits such a file, over more numbers than the model has.
    write_bytes(path, safetensors(entry(R"("U8")", "[64424509440]", "[0,64424509440]"), ""));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + (std::uintmax_t{60} << 30));
    CHECK(load_failure(path).is(Fault::checkpoint, {.where = path.string(), .hint = "format"}));
    std::filesystem::resize_file(path, std::uintmax_t{65} << 30);
    CHECK(load_failure(path).is(Fault::checkpoint, {.where = path.string(), .hint = "bytes"}));
  }

  TEST_CASE("checkpoint: a header that no reader would take is not written") {
    Saved<float> saved;
    const std::string before = read_bytes(saved.path);
    saved.config.why = std::string(std::size_t{3} << 20, 'x');
    const Failure got = failure_of([&] { saved.save(); });
    CAPTURE(got.message);
    CHECK(got.is(Fault::io, {.where = saved.path.string(), .hint = "2 MiB"}));
    CHECK(read_bytes(saved.path) == before);
    CHECK(names_in(saved.folder.path()).size() == 1);
  }
}
