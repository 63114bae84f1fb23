// The keys in which two configs differ.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "microgpt/config/run_config.hpp"

namespace microgpt {

/// A key with its value in each config, as JSON. (Every config has every key.)
struct KeyDifference {
  std::string key;  ///< "train.steps"
  std::string a, b;
};

/// In the order of the config. The note to readers, "why", says nothing of a model and is left out.
std::vector<KeyDifference> differing_keys(const RunConfig& a, const RunConfig& b);

/// Every key with its value as JSON: "train.steps", "3000".
std::vector<std::pair<std::string, std::string>> flat_keys(const RunConfig& config);

}  // namespace microgpt
