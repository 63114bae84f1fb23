#include "cli/novelty_report.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <numeric>

#include "cli/terminal.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

double mean_of(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

ordered_json share_json(std::size_t hits, std::size_t draws) {
  const Interval interval = share_interval(hits, draws);
  return {{"count", hits},
          {"share", static_cast<double>(hits) / static_cast<double>(draws)},
          {"interval_95", {interval.low, interval.high}}};
}

ordered_json mean_json(const std::vector<double>& numbers) {
  if (numbers.empty()) return nullptr;
  ordered_json mean = {{"mean", mean_of(numbers)}};
  // The spread of a single number is not known.
  if (numbers.size() > 1) {
    const Interval interval = mean_interval(numbers);
    mean["interval_95"] = {interval.low, interval.high};
  } else {
    mean["interval_95"] = nullptr;
  }
  return mean;
}

std::string mean_words(const std::vector<double>& numbers) {
  char text[100];
  std::snprintf(text, sizeof text, "%.2f", mean_of(numbers));
  std::string words = text;
  if (numbers.size() > 1) {
    const Interval interval = mean_interval(numbers);
    std::snprintf(text, sizeof text, " (95 %% interval %.2f to %.2f)", interval.low, interval.high);
    words += text;
  }
  return words;
}

}  // namespace

NoveltyReport::NoveltyReport(const OwnText& text, const Tokenizer& tokenizer, bool stream)
    : training_(text.split.training.begin(), text.split.training.end()),
      documents_(text.split.training),
      tokenizer_(tokenizer),
      stream_(stream) {
  if (stream) return;
  for (const auto* side : {&text.split.held_out, &text.split.test})
    held_out_.insert(side->begin(), side->end());
}

bool NoveltyReport::is_new(const std::string& text) const {
  if (!stream_) return !training_.contains(text);
  const auto searcher = std::boyer_moore_horspool_searcher(text.begin(), text.end());
  return std::none_of(documents_.begin(), documents_.end(), [&](std::string_view part) {
    return std::search(part.begin(), part.end(), searcher) != part.end();
  });
}

ordered_json NoveltyReport::add(const std::string& text, std::span<const Token> tokens) {
  if (!judge_) {
    std::vector<std::vector<Token>> documents;
    documents.reserve(documents_.size());
    for (const std::string_view document : documents_) documents.push_back(tokenizer_.encode(document));
    judge_.emplace(std::move(documents), tokenizer_.vocab_size());
  }
  ++samples_;
  const auto [entry, first] = findings_.try_emplace(text);
  if (first) entry->second = judge_->judge(tokens, !stream_);
  repeated_ += first ? 0U : 1U;
  const Novelty& found = entry->second;
  const bool fresh = is_new(text);
  if (fresh) {
    ++new_;
    held_out_hits_ += held_out_.contains(text) ? 1U : 0U;
    distances_.push_back(static_cast<double>(found.distance));
    copied_.push_back(static_cast<double>(found.copied));
    if (found.copied > longest_.copied) {
      longest_ = found;
      longest_text_ = text;
    }
  }
  const std::string copied = tokenizer_.decode(tokens.subspan(found.copied_begin, found.copied));
  ordered_json one = {{"new", fresh}};
  if (!stream_) {
    one["distance"] = found.distance;
    one["nearest"] = documents_[found.nearest];
  }
  one["copied"] = copied;
  return one;
}

void NoveltyReport::print() const {
  std::cout << bold("report") << "    " << counted(samples_, "sample") << " beside ";
  if (stream_) {
    std::cout << "the training part of the stream\n";
  } else {
    std::cout << counted(documents_.size(), "training document") << '\n';
  }
  if (samples_ == 0) return;
  const Interval share = share_interval(new_, samples_);
  char line[200];
  std::snprintf(line, sizeof line, "%.1f %% (95 %% interval %.1f to %.1f %%)",
                100 * static_cast<double>(new_) / static_cast<double>(samples_), 100 * share.low,
                100 * share.high);
  std::cout << "new       " << with_commas(new_) << ", " << line << '\n'
            << "known     " << with_commas(samples_ - new_)
            << (samples_ - new_ == 1 ? " stands in the training text\n" : " stand in the training text\n");
  if (!held_out_.empty()) {
    std::cout << "held out  " << with_commas(held_out_hits_) << " of the new ones "
              << (held_out_hits_ == 1 ? "stands" : "stand") << " in the part that was kept from training\n";
  }
  std::cout << "repeated  " << with_commas(repeated_) << (repeated_ == 1 ? " reads" : " read")
            << " like an earlier sample\n";
  if (new_ == 0) return;
  if (!stream_) {
    std::cout << "nearest   a new one is " << mean_words(distances_)
              << " edits from its nearest training document\n";
  }
  std::cout << "copied    a new one's longest piece that stands in the training text has "
            << mean_words(copied_) << " characters\n";
  if (longest_.copied > 0) {
    const auto tokens = tokenizer_.encode(longest_text_);
    const std::string piece =
        tokenizer_.decode(std::span(tokens).subspan(longest_.copied_begin, longest_.copied));
    std::cout << "longest   " << counted(longest_.copied, "character") << ": \"" << one_line(piece) << "\"";
    if (!stream_ && longest_text_.size() < 80 && documents_[longest_.copied_from].size() < 80) {
      std::cout << " in " << one_line(longest_text_) << ", as in "
                << one_line(std::string(documents_[longest_.copied_from]));
    }
    std::cout << '\n';
  }
}

ordered_json NoveltyReport::to_json() const {
  ordered_json report = {{"samples", samples_}, {"training_documents", stream_ ? 0 : documents_.size()}};
  if (samples_ == 0) return report;
  report["new"] = share_json(new_, samples_);
  report["known"] = share_json(samples_ - new_, samples_);
  report["held_out"] = held_out_hits_;
  report["repeated"] = repeated_;
  if (!stream_) report["distance"] = mean_json(distances_);
  report["copied"] = mean_json(copied_);
  report["longest_copied"] = longest_.copied;
  return report;
}

}  // namespace microgpt::cli
