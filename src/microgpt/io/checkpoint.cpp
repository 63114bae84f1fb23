#include "microgpt/io/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/config/strict_json.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/train/nonfinite.hpp"

namespace microgpt {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "microgpt";
constexpr const char* kFormatVersion = "3";
constexpr const char* kSecondVersion = "2";  // the moments must be there, and are always Adam's
constexpr const char* kFirstVersion = "1";   // its digest covers nothing but the tensors' bytes

template <class T>
constexpr const char* dtype_of() {
  return std::is_same_v<T, float> ? "F32" : "F64";
}

/// The sets of numbers of a training state, as they stand in a file.
enum class Set { weights, m, v };

struct NamedTensor {
  std::string name;
  TensorSpec spec;
  Set set{};
};

/// What is in a checkpoint of such a run: the weights and, if it has them, the moments.
std::vector<NamedTensor> named_tensors(const RunConfig& config, bool moments) {
  const std::vector<TensorSpec> table = parameter_table(config.model);
  std::vector<NamedTensor> tensors;
  for (const TensorSpec& spec : table) tensors.push_back({spec.name, spec, Set::weights});
  if (!moments) return tensors;
  for (const TensorSpec& spec : table) tensors.push_back({name_of_m(config.train, spec), spec, Set::m});
  for (const TensorSpec& spec : table) {
    if (!is_by_muon(config.train, spec)) tensors.push_back({name_of_v(config.train, spec), spec, Set::v});
  }
  return tensors;
}

/// The numbers of one of them.
template <class State>
auto numbers_of(State& state, const NamedTensor& tensor) {
  auto& set = tensor.set == Set::weights ? state.parameters : tensor.set == Set::m ? state.m : state.v;
  return set.values().subspan(static_cast<std::size_t>(tensor.spec.offset),
                              static_cast<std::size_t>(tensor.spec.rows * tensor.spec.cols));
}

/// The vocabulary may be as large as Unicode, so it is read without a document in between.
class VocabularyReader : public JsonEvents {
 public:
  bool start_array(std::size_t /*size*/) override {
    if (open_) unexpected();
    return open_ = true;
  }
  bool string(std::string& text) override {
    std::size_t at = 0;
    if (!open_) unexpected();
    if (!text.empty()) characters.push_back(next_code_point(text, at));
    if (text.empty() || at != text.size()) {
      throw Refusal{"its vocabulary holds a string of not one character"};
    }
    return true;
  }
  bool end_array() override { return true; }

  std::vector<char32_t> characters;

 private:
  bool unexpected() override {
    throw Refusal{open_ ? "its vocabulary holds something else than strings"
                        : "its vocabulary is not an array"};
  }
  bool open_ = false;
};

}  // namespace

std::string content_digest(const Metadata& metadata, std::span<const TensorEntry> tensors) {
  Sha256 hash;
  const auto add_number = [&](std::uint64_t number) {
    char bytes[8];
    for (char& byte : bytes) {
      byte = static_cast<char>(static_cast<unsigned char>(number));
      number >>= 8;
    }
    hash.update({bytes, sizeof bytes});
  };
  // Each with its length before it, so that no two contents are the same bytes.
  const auto add = [&](std::string_view bytes) {
    add_number(bytes.size());
    hash.update(bytes);
  };
  for (const char* key : {"config", "format", "format_version", "training", "vocabulary"}) {
    add(key);
    add(metadata.at(key));
  }
  std::vector<const TensorEntry*> by_name;
  for (const TensorEntry& tensor : tensors) by_name.push_back(&tensor);
  std::sort(by_name.begin(), by_name.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  add_number(by_name.size());
  for (const TensorEntry* tensor : by_name) {
    add(tensor->name);
    add(tensor->dtype);
    add_number(tensor->shape.size());
    for (const std::uint64_t dimension : tensor->shape) add_number(dimension);
    add(tensor->bytes);
  }
  return hash.hex();
}

Checkpoint Checkpoint::load(const std::filesystem::path& path) {
  Checkpoint checkpoint(SafetensorsFile::open(path), path);
  checkpoint.check_metadata();
  checkpoint.check_tensors();
  checkpoint.read_numbers();
  checkpoint.check_numbers();
  return checkpoint;
}

Checkpoint Checkpoint::parse(std::string bytes, const std::string& name) {
  Checkpoint checkpoint(SafetensorsFile::parse(std::move(bytes), name), name);
  checkpoint.check_metadata();
  checkpoint.check_tensors();
  checkpoint.read_numbers();
  checkpoint.check_numbers();
  return checkpoint;
}

int Checkpoint::stated_step(const std::filesystem::path& path) {
  try {
    Checkpoint checkpoint(SafetensorsFile::open(path), path);
    checkpoint.check_metadata();
    return checkpoint.training_.step;
  } catch (const Error&) {
    return -1;
  }
}

void Checkpoint::refuse(const std::string& why) const {
  throw Error(Fault::checkpoint, {.what = "not a valid checkpoint", .where = path_.string(), .hint = why});
}

void Checkpoint::check_metadata() {
  const Metadata& metadata = file_.metadata();
  const auto at = [&](const char* key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found == metadata.end()) refuse(std::string("its metadata has no ") + key);
    return found->second;
  };
  if (!metadata.contains("format") || metadata.at("format") != kFormat) {
    refuse("it is a safetensors file, but not of microgpt: its metadata has no format \"microgpt\"");
  }
  const std::string& version = at("format_version");
  if (version != kFormatVersion && version != kSecondVersion && version != kFirstVersion) {
    refuse("its format_version is " + printable(version.substr(0, 20)) + "; this program reads versions "
           + kFirstVersion + " to " + kFormatVersion + ": a newer one may read it");
  }
  at("sha256");
  const auto where = [&](const char* key) { return path_.string() + " (" + key + ")"; };
  const auto parse = [&](const char* key) {
    return parse_strict_json(at(key), Fault::checkpoint, where(key));
  };

  config_ = read_run_config(parse("config"), Fault::checkpoint, where("config"));
  try {
    VocabularyReader vocabulary;
    parse_strict_json(at("vocabulary"), Fault::checkpoint, where("vocabulary"), vocabulary);
    tokenizer_.emplace(std::move(vocabulary.characters));
    config_.model.vocab_size = tokenizer_->vocab_size();
    training_ = read_training_record(parse("training"), config_.train.steps);
  } catch (const Refusal& refusal) {
    refuse(refusal.why);
  } catch (const Error& error) {
    if (error.parts().what == "bad vocabulary") refuse(error.what());
    throw;
  }
}

void Checkpoint::check_tensors() {
  const std::string dtype = config_.precision == Precision::float32 ? "F32" : "F64";
  std::map<std::string_view, const TensorEntry*> by_name;
  for (const TensorEntry& tensor : file_.tensors()) by_name[tensor.name] = &tensor;
  has_moments_ = file_.metadata().at("format_version") != kFormatVersion
                 || by_name.size() != parameter_table(config_.model).size();
  const auto asked = named_tensors(config_, has_moments_);
  if (by_name.size() != asked.size()) {
    refuse("it holds " + counted(by_name.size(), "tensor") + "; its config asks for "
           + std::to_string(asked.size()) + ", or for the weights alone");
  }
  for (const auto& [name, spec, set] : asked) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) refuse("it has no tensor " + name);
    const TensorEntry& tensor = *found->second;
    const std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(spec.rows),
                                              static_cast<std::uint64_t>(spec.cols)};
    if (tensor.dtype != dtype || tensor.shape != shape) {
      refuse("tensor " + name + ": must be " + dtype + " of shape [" + std::to_string(shape[0]) + ", "
             + std::to_string(shape[1]) + "], is " + tensor.dtype + " " + json(tensor.shape).dump());
    }
  }
}

void Checkpoint::read_numbers() {
  if (config_.precision == Precision::float32) {
    state_.emplace(TrainState<float>(config_.model));
  } else {
    state_.emplace(TrainState<double>(config_.model));
  }
  std::visit(
      [&](auto& state) {
        std::map<std::string, char*> place_of;
        for (const NamedTensor& tensor : named_tensors(config_, has_moments_)) {
          place_of[tensor.name] = reinterpret_cast<char*>(numbers_of(state, tensor).data());
        }
        std::vector<char*> places;
        for (const TensorEntry& tensor : file_.tensors()) places.push_back(place_of.at(tensor.name));
        file_.place_data(places);
        state.step = training_.step;
        if (training_.from) state.earlier_steps = training_.from->earlier_steps;
      },
      *state_);
}

namespace {

/// The digest of the first version: of nothing but the tensors' bytes.
std::string bytes_digest(std::span<const TensorEntry> tensors) {
  Sha256 hash;
  for (const TensorEntry& tensor : tensors) hash.update(tensor.bytes);
  return hash.hex();
}

/// The first number that no checkpoint holds: that is not finite or, among squares, negative.
template <class T>
std::optional<std::size_t> find_bad_number(std::span<const T> values, bool squares) {
  const auto is_bad = [&](T value) { return !std::isfinite(value) || (squares && value < 0); };
  if (all_finite<T>(values) && !squares) return {};
  const auto found = std::find_if(values.begin(), values.end(), is_bad);
  if (found == values.end()) return {};
  return static_cast<std::size_t>(found - values.begin());
}

}  // namespace

void Checkpoint::check_numbers() const {
  const Metadata& metadata = file_.metadata();
  const bool first = metadata.at("format_version") == kFirstVersion;
  if (metadata.at("sha256")
      != (first ? bytes_digest(file_.tensors()) : content_digest(metadata, file_.tensors()))) {
    refuse("its content does not have the SHA-256 it states: the file is damaged");
  }
  const auto check_values = [&]<class T>(T /*type*/) {
    for (const TensorEntry& tensor : file_.tensors()) {
      const std::span<const T> values(reinterpret_cast<const T*>(tensor.bytes.data()),
                                      tensor.bytes.size() / sizeof(T));
      if (const auto bad = find_bad_number<T>(values, tensor.name.starts_with("adam.v."))) {
        refuse("tensor " + tensor.name + ": number " + std::to_string(*bad)
               + " is not finite, or a negative square");
      }
    }
  };
  if (config_.precision == Precision::float32) {
    check_values(float{});
  } else {
    check_values(double{});
  }
}

namespace {

template <class T, class Stored>
void convert(const Parameters<Stored>& from, Parameters<T>& to) {
  std::transform(from.values().begin(), from.values().end(), to.values().begin(),
                 [](Stored value) { return static_cast<T>(value); });
}

}  // namespace

template <class T>
Parameters<T> Checkpoint::parameters() const {
  Parameters<T> parameters(config_.model);
  std::visit([&](const auto& state) { convert(state.parameters, parameters); }, *state_);
  return parameters;
}

template <class T>
TrainState<T> Checkpoint::train_state() const& {
  TrainState<T> state(config_.model);
  std::visit(
      [&](const auto& from) {
        convert(from.parameters, state.parameters);
        convert(from.m, state.m);
        convert(from.v, state.v);
        state.step = from.step;
        state.earlier_steps = from.earlier_steps;
      },
      *state_);
  return state;
}

template <class T>
TrainState<T> Checkpoint::train_state() && {
  if (auto* const own = std::get_if<TrainState<T>>(&*state_)) return std::move(*own);
  return std::as_const(*this).template train_state<T>();
}

namespace {

struct CheckpointContent {
  Metadata metadata;
  std::vector<TensorEntry> tensors;  // views of the state
};

template <class T>
CheckpointContent content_of(const RunConfig& config, const Tokenizer& tokenizer,
                             const TrainingRecord& training, const TrainState<T>& state) {
  std::vector<TensorEntry> tensors;
  for (const NamedTensor& tensor : named_tensors(config, true)) {
    const std::span<const T> numbers = numbers_of(state, tensor);
    if (!all_finite<T>(numbers)) {
      throw Error(Fault::numeric,
                  {.what = "training broke down",
                   .where = "step " + std::to_string(training.step) + ", tensor " + tensor.name,
                   .hint = "it holds a number that is not finite: nothing was saved; lower "
                           "train.learning_rate, or set train.grad_clip to 1"});
    }
    tensors.push_back(
        {tensor.name,
         dtype_of<T>(),
         {static_cast<std::uint64_t>(tensor.spec.rows), static_cast<std::uint64_t>(tensor.spec.cols)},
         {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()}});
  }

  ordered_json vocabulary = ordered_json::array();
  for (const char32_t character : tokenizer.characters()) {
    std::string text;
    append_utf8(text, character);
    vocabulary.push_back(text);
  }
  Metadata metadata = {{"format", kFormat},
                       {"format_version", kFormatVersion},
                       {"config", to_json(config).dump()},
                       {"vocabulary", vocabulary.dump()},
                       {"training", to_json(training).dump()}};
  metadata["sha256"] = content_digest(metadata, tensors);
  return {std::move(metadata), std::move(tensors)};
}

}  // namespace

template <class T>
void save_checkpoint(const std::filesystem::path& path, const RunConfig& config, const Tokenizer& tokenizer,
                     const TrainingRecord& training, const TrainState<T>& state) {
  const CheckpointContent content = content_of(config, tokenizer, training, state);
  write_safetensors(path, content.metadata, content.tensors);
}

template <class T>
std::string checkpoint_bytes(const RunConfig& config, const Tokenizer& tokenizer,
                             const TrainingRecord& training, const TrainState<T>& state) {
  const CheckpointContent content = content_of(config, tokenizer, training, state);
  return safetensors_bytes(content.metadata, content.tensors);
}

template Parameters<float> Checkpoint::parameters<float>() const;
template Parameters<double> Checkpoint::parameters<double>() const;
template TrainState<float> Checkpoint::train_state<float>() const&;
template TrainState<double> Checkpoint::train_state<double>() const&;
template TrainState<float> Checkpoint::train_state<float>() &&;
template TrainState<double> Checkpoint::train_state<double>() &&;
template void save_checkpoint<float>(const std::filesystem::path&, const RunConfig&, const Tokenizer&,
                                     const TrainingRecord&, const TrainState<float>&);
template void save_checkpoint<double>(const std::filesystem::path&, const RunConfig&, const Tokenizer&,
                                      const TrainingRecord&, const TrainState<double>&);

template std::string checkpoint_bytes<float>(const RunConfig&, const Tokenizer&, const TrainingRecord&,
                                             const TrainState<float>&);
template std::string checkpoint_bytes<double>(const RunConfig&, const Tokenizer&, const TrainingRecord&,
                                              const TrainState<double>&);
}  // namespace microgpt
