// Many samples beside the training text: which are new, which copied, and how near the new ones are to it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "microgpt/evaluate/novelty.hpp"
#include "microgpt/text/known_texts.hpp"

namespace microgpt {

/// A sample beside the training text.
struct SampleNovelty {
  bool is_new = false;
  std::size_t distance = 0;    ///< edits to the nearest training document; nothing in a stream
  std::string_view nearest{};  ///< that document
  std::string copied{};        ///< the longest piece that some training document has too
};

/// A mean of what was counted of some samples, and where that of all possible ones lies with 95 % confidence; the
/// spread of a single number is not known.
struct MeanWithInterval {
  double mean = 0;
  std::optional<Interval> interval{};
};

/// Every sample is one of these: new, known or blank.
struct NoveltySummary {
  bool stream = false;
  std::size_t samples = 0;
  std::size_t training_documents = 0;  ///< 0 of a stream
  std::size_t fresh = 0;               ///< new
  std::size_t known = 0;               ///< they stand in the training text
  std::size_t blank = 0;               ///< nothing, or nothing but white space
  // Of all samples: they end before their time, so that a piece of the text is known too.
  std::size_t cut = 0;       ///< by the most characters a text may have
  std::size_t stopped = 0;   ///< by a stop string
  std::size_t repeated = 0;  ///< of all samples: they read like an earlier one
  /// Of the new ones: they stand in the part that was kept from training. Nothing if none was kept.
  std::optional<std::size_t> held_out{};
  // Of the new ones; nothing if there are none:
  std::optional<MeanWithInterval> distance{};  ///< not of a stream
  std::optional<MeanWithInterval> copied{};    ///< characters
  std::size_t longest_copied = 0;
  std::string longest_piece{}, longest_in{};
  std::string longest_from{};  ///< the training document that has it
};

class NoveltyTally {
 public:
  /// The lists, their texts and the tokenizer must outlive it. `held_out` may be empty.
  NoveltyTally(std::span<const std::string_view> training, std::span<const std::string_view> held_out,
               const Tokenizer& tokenizer, DataMode mode);

  /// KnownTexts::is_new of the training text.
  [[nodiscard]] bool is_new(std::string_view text, TextEnd end) const {
    return training_.is_new(text, end != TextEnd::own);
  }

  /// Takes up a sample that ended in this way; says what there is to say of it alone.
  SampleNovelty add(const std::string& text, std::span<const Token> tokens, TextEnd end);

  [[nodiscard]] NoveltySummary summary() const;

 private:
  std::span<const std::string_view> documents_;
  KnownTexts training_;
  std::optional<KnownTexts> held_out_;
  const Tokenizer& tokenizer_;
  std::optional<NoveltyJudge> judge_;                  // made when the first sample comes
  std::unordered_map<std::string, Novelty> findings_;  // of each different sample
  std::vector<double> distances_, copied_;             // of the new ones
  NoveltySummary summary_;
};

}  // namespace microgpt
