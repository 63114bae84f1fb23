// A checkpoint to test with, and a way to change what is in it.
#pragma once

#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/safetensors_parts.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

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
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].bytes = bytes[i];
    if (seal) metadata["sha256"] = digest();
    write_safetensors(path, metadata, tensors);
  }
  /// The digest of docs/checkpoint.md, from its description.
  [[nodiscard]] std::string digest() const {
    std::map<std::string, std::string> sorted;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      std::string text = part(tensors[i].dtype) + length_prefix(tensors[i].shape.size());
      for (const auto dimension : tensors[i].shape) text += length_prefix(dimension);
      sorted[tensors[i].name] = text + part(bytes[i]);
    }
    std::string all;
    for (const std::string key : {"config", "format", "format_version", "training", "vocabulary"}) {
      const auto found = metadata.find(key);
      all += part(key) + part(found == metadata.end() ? "" : found->second);
    }
    all += length_prefix(sorted.size());
    for (const auto& [name, text] : sorted) all += part(name) + text;
    return sha256(all);
  }
  static std::string part(const std::string& text) { return length_prefix(text.size()) + text; }

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

}  // namespace microgpt::test
