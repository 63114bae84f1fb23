// What sample --report says: which texts are new, and how near the others are to the training text.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cli/model.hpp"
#include "microgpt/evaluate/novelty.hpp"

namespace microgpt::cli {

class NoveltyReport {
 public:
  /// The text must outlive the report.
  NoveltyReport(const OwnText& text, const Tokenizer& tokenizer, bool stream);

  /// Whether no training document reads so, or no piece of the stream.
  [[nodiscard]] bool is_new(const std::string& text) const;

  /// Takes up a sample; returns what there is to say of it alone.
  nlohmann::ordered_json add(const std::string& text, std::span<const Token> tokens);

  /// What there is to say of all, in words on standard output.
  void print() const;
  [[nodiscard]] nlohmann::ordered_json to_json() const;

 private:
  std::unordered_set<std::string_view> training_;
  std::unordered_set<std::string_view> held_out_;
  std::vector<std::string_view> documents_;
  const Tokenizer& tokenizer_;
  bool stream_;  // one text without documents: only copied pieces mean something
  std::optional<NoveltyJudge> judge_;

  std::unordered_map<std::string, Novelty> findings_;  // of each different sample
  std::size_t samples_ = 0, new_ = 0, held_out_hits_ = 0, repeated_ = 0;
  std::vector<double> distances_, copied_;  // of the new ones
  std::string longest_text_;
  Novelty longest_;
};

}  // namespace microgpt::cli
