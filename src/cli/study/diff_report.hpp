// What `microgpt study diff` compares, and its page.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/study/study.hpp"
#include "cli/table.hpp"
#include "microgpt/study/diff.hpp"

namespace microgpt::cli {

/// One of the two models.
struct DiffSide {
  std::string name;  ///< "A" or "B"
  std::string path;  ///< of its file
  int step;          ///< of its training
  Subject subject;
};

/// A key of the config with its value in each. (Every config has every key.)
struct KeyDifference {
  std::string key;
  nlohmann::ordered_json a, b;
};

/// Everything that is compared.
struct Comparison {
  DiffSide a, b;
  std::vector<KeyDifference> keys;
  study::VocabularyDifference vocabulary;
  study::WeightsDifference weights;
  // If there is a text:
  std::string text{};
  Batch batch{};  ///< as A has it
  std::optional<study::RunDifference> run{};

  /// Config, vocabulary, weights, and every site if there is a text.
  [[nodiscard]] bool equal() const;
};

/// "layer0.attn_wq[3,5]": where a tensor differs most.
std::string weight_at(const study::TensorDifference& tensor);

/// What differs, in words; then, if there is something, in tables.
void print_diff(const Comparison& all, const Screen& out);

}  // namespace microgpt::cli
