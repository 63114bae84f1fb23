#include "microgpt/evaluate/novelty_tally.hpp"

#include <numeric>

namespace microgpt {

namespace {

std::optional<MeanWithInterval> mean_with_interval(const std::vector<double>& numbers) {
  if (numbers.empty()) return std::nullopt;
  MeanWithInterval result;
  result.mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
  if (numbers.size() > 1) result.interval = mean_interval(numbers);
  return result;
}

}  // namespace

NoveltyTally::NoveltyTally(std::span<const std::string_view> training,
                           std::span<const std::string_view> held_out, const Tokenizer& tokenizer,
                           DataMode mode)
    : documents_(training), training_(training, mode), tokenizer_(tokenizer) {
  summary_.stream = mode == DataMode::stream;
  if (summary_.stream) return;
  summary_.training_documents = training.size();
  if (held_out.empty()) return;
  held_out_.emplace(held_out, mode);
  summary_.held_out = 0;
}

SampleNovelty NoveltyTally::add(const std::string& text, std::span<const Token> tokens, TextEnd end) {
  if (!judge_) judge_.emplace(documents_, tokenizer_, !summary_.stream);
  const auto [entry, first] = findings_.try_emplace(text);
  if (first) entry->second = judge_->judge(tokens);
  const Novelty& found = entry->second;
  SampleNovelty sample{.is_new = is_new(text, end),
                       .distance = found.distance,
                       .copied = tokenizer_.decode(tokens.subspan(found.copied_begin, found.copied))};
  if (!summary_.stream) sample.nearest = documents_[found.nearest];
  ++summary_.samples;
  summary_.cut += end == TextEnd::cut ? 1U : 0U;
  summary_.stopped += end == TextEnd::stopped ? 1U : 0U;
  summary_.repeated += first ? 0U : 1U;
  if (is_blank(text)) {
    ++summary_.blank;
  } else if (!sample.is_new) {
    ++summary_.known;
  } else {
    ++summary_.fresh;
    if (held_out_ && held_out_->has(text, end != TextEnd::own)) ++*summary_.held_out;
    distances_.push_back(static_cast<double>(found.distance));
    copied_.push_back(static_cast<double>(found.copied));
    if (found.copied > summary_.longest_copied) {
      summary_.longest_copied = found.copied;
      summary_.longest_piece = sample.copied;
      summary_.longest_in = text;
      summary_.longest_from = summary_.stream ? "" : std::string(documents_[found.copied_from]);
    }
  }
  return sample;
}

NoveltySummary NoveltyTally::summary() const {
  NoveltySummary summary = summary_;
  if (!summary.stream) summary.distance = mean_with_interval(distances_);
  summary.copied = mean_with_interval(copied_);
  return summary;
}

}  // namespace microgpt
