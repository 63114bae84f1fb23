// A run's model judged by whole texts, and by single ones.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evaluate/score.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/run/own_text.hpp"

namespace microgpt {

/// The documents of a split by its name: train, val, test or all; of a stream the one part. Throws Error (usage),
/// saying which there are and how to get the others, if the run kept no such part, and Error (data) if it is empty.
std::vector<std::string_view> choose_split(const std::string& name, const OwnText& text,
                                           const DataConfig& config);

/// A model's losses on a split, and what it has to beat there.
struct Evaluation {
  std::string split{};
  bool stream = false;   ///< the losses are of windows, not of documents
  bool own_text = true;  ///< or another one
  LossSummary losses{};
  std::vector<Baseline> baselines{};  ///< uniform, then n-grams that were counted on the run's training part
  std::string no_ngrams{};            ///< why there are no n-grams: what is wrong with the run's own text
};

/// The model on a split of its own text, where the run had it, or of the text `data`, which may be its own elsewhere
/// or another one. An empty `split` means val if there is one and the text is the run's own, else all. The number of
/// threads changes no result. Throws Error: usage and data as choose_split, data if a text cannot be read or has a
/// character the model does not know, numeric if the model overflows.
Evaluation evaluate_split(const Checkpoint& checkpoint, const std::string& data, const std::string& split,
                          int threads);

/// Texts as the run's model reads them, after what precedes its texts. Throws Error: usage if one is no UTF-8, or is
/// empty and the text a stream; data if it has a character the model does not know; numeric, naming the first tensor
/// that holds a number that is not finite, if the model overflows. `option` stands in front of the messages.
std::vector<ScoredText> score_texts(const Checkpoint& checkpoint, std::span<const std::string> texts,
                                    const std::string& option = "TEXT");

}  // namespace microgpt
