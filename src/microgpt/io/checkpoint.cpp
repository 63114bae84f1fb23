#include "microgpt/io/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "microgpt/base/error.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/io/strict_json.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "microgpt";
constexpr const char* kFormatVersion = "1";
constexpr const char* kPrefixes[] = {"", "adam.m.", "adam.v."};

template <class T>
constexpr const char* dtype_of() {
  return std::is_same_v<T, float> ? "F32" : "F64";
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(Fault::checkpoint, "not a valid checkpoint: " + name + ": " + why);
}

std::string rng_text(const Rng::State& state) {
  ordered_json words = json(state.words);
  ordered_json document = {{"words", words}, {"index", state.index}};
  document["waiting_gauss"] =
      state.waiting_gauss ? ordered_json(*state.waiting_gauss) : ordered_json(nullptr);
  return document.dump();
}

Rng::State read_rng(const json& document, const std::string& name) {
  if (!document.is_object() || document.size() != 3 || !document.contains("words")
      || !document.contains("index") || !document.contains("waiting_gauss")) {
    refuse(name, "its generator state is not {words, index, waiting_gauss}");
  }
  Rng::State state;
  const json& words = document["words"];
  if (!words.is_array() || words.size() != state.words.size())
    refuse(name, "its generator has not 624 words");
  for (std::size_t i = 0; i < state.words.size(); ++i) {
    if (!words[i].is_number_unsigned() || words[i].get<std::uint64_t>() > 0xffffffffU) {
      refuse(name, "a word of its generator is not a 32-bit number");
    }
    state.words[i] = words[i].get<std::uint32_t>();
  }
  const json& index = document["index"];
  if (!index.is_number_unsigned() || index.get<std::uint64_t>() > state.words.size()) {
    refuse(name, "its generator's index is not from 0 to 624");
  }
  state.index = index.get<std::uint32_t>();
  const json& waiting = document["waiting_gauss"];
  if (!waiting.is_null()) {
    if (!waiting.is_number()) refuse(name, "its generator's waiting_gauss is not a number");
    state.waiting_gauss = waiting.get<double>();
  }
  return state;
}

std::vector<char32_t> read_vocabulary(const json& document, const std::string& name) {
  if (!document.is_array()) refuse(name, "its vocabulary is not an array");
  std::vector<char32_t> characters;
  for (const json& entry : document) {
    if (!entry.is_string()) refuse(name, "its vocabulary holds something else than strings");
    const auto& text = entry.get_ref<const std::string&>();
    std::size_t at = 0;
    if (!text.empty()) characters.push_back(next_code_point(text, at));
    if (text.empty() || at != text.size()) refuse(name, "its vocabulary holds a string of not one character");
  }
  return characters;
}

const std::string& metadata_at(const Metadata& metadata, const char* key, const std::string& name) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) refuse(name, std::string("its metadata has no ") + key);
  return found->second;
}

}  // namespace

Checkpoint Checkpoint::load(const std::filesystem::path& path) {
  Checkpoint checkpoint(SafetensorsFile::read(path));
  checkpoint.check_metadata(path.string());
  checkpoint.check_tensors(path.string());
  return checkpoint;
}

void Checkpoint::check_metadata(const std::string& name) {
  const Metadata& metadata = file_.metadata();
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kFormat) {
    refuse(name, "it is a safetensors file, but not of microgpt: its metadata has no format \"microgpt\"");
  }
  const std::string& version = metadata_at(metadata, "format_version", name);
  if (version != kFormatVersion) {
    refuse(name, "its format_version is " + printable(version.substr(0, 20)) + "; this program reads version "
                     + kFormatVersion);
  }
  const auto parse = [&](const char* key) {
    return parse_strict_json(metadata_at(metadata, key, name), Fault::checkpoint, name + " (" + key + ")");
  };

  config_ = read_run_config(parse("config"), Fault::checkpoint, name + " (config)");
  try {
    tokenizer_.emplace(read_vocabulary(parse("vocabulary"), name));
  } catch (const Error& error) {
    if (std::string(error.what()).starts_with("bad vocabulary")) refuse(name, error.what());
    throw;
  }
  config_.model.vocab_size = tokenizer_->vocab_size();

  const json training = parse("training");
  for (const char* key : {"step", "data_sha256", "rng", "held_out_loss"}) {
    if (!training.is_object() || !training.contains(key))
      refuse(name, std::string("its training has no ") + key);
  }
  const json& step = training["step"];
  if (!step.is_number_unsigned()
      || step.get<std::uint64_t>() > static_cast<std::uint64_t>(config_.train.steps)) {
    refuse(name, "its step is not a number from 0 to train.steps");
  }
  training_.step = step.get<int>();
  if (!training["data_sha256"].is_string()) refuse(name, "its data_sha256 is not a string");
  training_.data_sha256 = training["data_sha256"].get<std::string>();
  training_.rng = read_rng(training["rng"], name);
  if (!training["held_out_loss"].is_null()) {
    if (!training["held_out_loss"].is_number()) refuse(name, "its held_out_loss is not a number");
    training_.held_out_loss = training["held_out_loss"].get<double>();
  }

  if (metadata_at(metadata, "sha256", name) != sha256(file_.data())) {
    refuse(name, "its numbers do not have the SHA-256 it states: the file is damaged");
  }
}

void Checkpoint::check_tensors(const std::string& name) const {
  const std::string dtype = config_.precision == Precision::float32 ? "F32" : "F64";
  // The table first by its count: a config of billions of layers must not be laid out to be
  // refused.
  const auto& tensors = file_.tensors();
  const std::size_t per_set = 3 + 6 * static_cast<std::size_t>(config_.model.n_layer);
  if (tensors.size() != 3 * per_set) {
    refuse(name, "it holds " + std::to_string(tensors.size()) + " tensors; its config asks for "
                     + std::to_string(3 * per_set));
  }
  std::size_t at = 0;
  for (const char* prefix : kPrefixes) {
    for (const TensorSpec& spec : parameter_table(config_.model)) {
      const TensorEntry& tensor = tensors[at++];
      const std::string expected = prefix + spec.name;
      if (tensor.name != expected) {
        refuse(name, "tensor " + printable(tensor.name) + " stands where " + expected + " should");
      }
      const std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(spec.rows),
                                                static_cast<std::uint64_t>(spec.cols)};
      if (tensor.dtype != dtype || tensor.shape != shape) {
        refuse(name, "tensor " + expected + ": must be " + dtype + " of shape [" + std::to_string(shape[0])
                         + ", " + std::to_string(shape[1]) + "], is " + tensor.dtype + " "
                         + json(tensor.shape).dump());
      }
    }
  }
  const auto check_values = [&]<class T>(T /*type*/) {
    for (const TensorEntry& tensor : tensors) {
      for (std::size_t byte = 0; byte < tensor.bytes.size(); byte += sizeof(T)) {
        T value = 0;
        std::memcpy(&value, tensor.bytes.data() + byte, sizeof value);
        if (!std::isfinite(value) || (value < 0 && tensor.name.starts_with("adam.v."))) {
          refuse(name, "tensor " + tensor.name + ": number " + std::to_string(byte / sizeof(T))
                           + " is not finite, or a negative square");
        }
      }
    }
  };
  config_.precision == Precision::float32 ? check_values(float{}) : check_values(double{});
}

template <class T>
void Checkpoint::copy(const std::string& prefix, Parameters<T>& to) const {
  for (const TensorEntry& tensor : file_.tensors()) {
    if (!tensor.name.starts_with(prefix)) continue;
    const std::string name = tensor.name.substr(prefix.size());
    for (const TensorSpec& spec : to.table()) {
      if (spec.name == name)
        std::memcpy(&to.values()[static_cast<std::size_t>(spec.offset)], tensor.bytes.data(),
                    tensor.bytes.size());
    }
  }
}

template <class T>
Parameters<T> Checkpoint::parameters() const {
  Parameters<T> parameters(config_.model);
  copy("", parameters);
  return parameters;
}

template <class T>
TrainState<T> Checkpoint::train_state() const {
  TrainState<T> state(config_.model);
  copy("", state.parameters);
  copy("adam.m.", state.m);
  copy("adam.v.", state.v);
  state.step = training_.step;
  return state;
}

template <class T>
void save_checkpoint(const std::filesystem::path& path, const RunConfig& config, const Tokenizer& tokenizer,
                     const TrainingRecord& training, const TrainState<T>& state) {
  // The three arenas are written as they lie: the tensors of each follow one another in table
  // order.
  const Parameters<T>* sets[] = {&state.parameters, &state.m, &state.v};
  std::vector<TensorEntry> tensors;
  Sha256 hash;
  for (std::size_t s = 0; s < std::size(sets); ++s) {
    const auto values = sets[s]->values();
    for (const TensorSpec& spec : sets[s]->table()) {
      const auto begin = static_cast<std::size_t>(spec.offset);
      const auto count = static_cast<std::size_t>(spec.rows * spec.cols);
      const auto part = values.subspan(begin, count);
      if (!std::all_of(part.begin(), part.end(), [](T value) { return std::isfinite(value); })) {
        throw Error(Fault::numeric, "training broke down: step " + std::to_string(training.step) + ", tensor "
                                        + kPrefixes[s] + spec.name + " holds a number that is not finite: "
                                        "nothing was saved; lower train.learning_rate, or set train.grad_clip to 1");
      }
      tensors.push_back({kPrefixes[s] + spec.name,
                         dtype_of<T>(),
                         {static_cast<std::uint64_t>(spec.rows), static_cast<std::uint64_t>(spec.cols)},
                         {reinterpret_cast<const char*>(part.data()), part.size_bytes()}});
    }
    hash.update({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }

  ordered_json vocabulary = ordered_json::array();
  for (const char32_t character : tokenizer.characters()) {
    std::string text;
    append_utf8(text, character);
    vocabulary.push_back(text);
  }
  ordered_json record = {{"step", training.step}, {"data_sha256", training.data_sha256}};
  record["rng"] = ordered_json::parse(rng_text(training.rng));
  record["held_out_loss"] =
      training.held_out_loss ? ordered_json(*training.held_out_loss) : ordered_json(nullptr);

  write_safetensors(path,
                    {{"format", kFormat},
                     {"format_version", kFormatVersion},
                     {"config", to_json(config).dump()},
                     {"vocabulary", vocabulary.dump()},
                     {"training", record.dump()},
                     {"sha256", hash.hex()}},
                    tensors);
}

template Parameters<float> Checkpoint::parameters<float>() const;
template Parameters<double> Checkpoint::parameters<double>() const;
template TrainState<float> Checkpoint::train_state<float>() const;
template TrainState<double> Checkpoint::train_state<double>() const;
template void save_checkpoint<float>(const std::filesystem::path&, const RunConfig&, const Tokenizer&,
                                     const TrainingRecord&, const TrainState<float>&);
template void save_checkpoint<double>(const std::filesystem::path&, const RunConfig&, const Tokenizer&,
                                      const TrainingRecord&, const TrainState<double>&);

}  // namespace microgpt
