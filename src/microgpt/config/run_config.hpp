// A run as one strict JSON document: which text, which model, how it is trained, what is sampled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/generate/sampler.hpp"
#include "microgpt/model/config.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt {

enum class Precision { float32, float64 };

struct SampleConfig {
  int count = 20;
  SamplerOptions sampler;
  int max_chars = 0;  ///< 0 is block_size
};

struct RunConfig {
  std::string why;  ///< a sentence for the reader
  std::uint64_t seed = 42;
  DataConfig data;
  ModelConfig model;
  /// The model whose weights training begins with, a run folder or checkpoint; empty: none
  std::string from;
  InitConfig init;
  TrainConfig train;
  bool keep_moments = false;  ///< the optimizer's moments of `from` are taken over too
  Precision precision = Precision::float32;
  int eval_every = 0;  ///< steps between evaluations of the held-out documents; 0: only at the end
  /// Most characters of the held-out text that an evaluation measures; 0: all
  int eval_positions = 200'000;
  int record_every = 1;      ///< steps between those whose losses are recorded
  int patience = 0;          ///< evaluations without a new best after which training stops; 0: never
  int checkpoint_every = 0;  ///< steps between checkpoints; 0: only at the end
  int keep = 0;              ///< how many of these are kept, the newest; 0: all
  SampleConfig sample;
};

/// Reads a config. Keys that are missing have the defaults above. Throws Error (with `fault`),
/// naming key, value and what is allowed, for an unknown key, a wrong type or a value out of range.
/// With Fault::checkpoint it takes data.mode and sample.max_chars by their former names too, data.documents
/// and sample.max_length.
RunConfig read_run_config(const nlohmann::json& document, Fault fault, const std::string& where);

/// Makes the relative paths of a config's document, data.path and model.from, relative to this folder.
void resolve_paths(nlohmann::json& document, const std::filesystem::path& folder);

/// Reads a config file, with overrides of the form "train.steps=500" (the value is JSON, or else a
/// string). A relative data.path or model.from in the file is relative to the file, so that it works from any
/// folder. What an override sets is blamed on it, as "bad --set train.steps=x: ...": throws Error (usage).
RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides);

/// A config that is there, with overrides as above.
RunConfig with_overrides(const RunConfig& config, const std::vector<std::string>& overrides);

/// The last of these overrides that sets a key, itself or with its whole group; nullptr if none does.
const std::string* find_override(const std::vector<std::string>& overrides, const std::string& key);

/// The whole config with every key, as it can be read again.
nlohmann::ordered_json to_json(const RunConfig& config);

/// Every key with what it may be, its default and its meaning: a Markdown table, for --keys and
/// docs/config.md.
std::string config_keys_table();

}  // namespace microgpt
