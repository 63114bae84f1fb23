// A model that is being looked at, with what views ask of it again and again: tokens by name, texts as batches, the
// documents of its own text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/address.hpp"
#include "microgpt/study/trace.hpp"
#include "microgpt/view/options.hpp"

namespace microgpt::view {

class Subject {
 public:
  /// `name` is what pages call it: the path it came from.
  Subject(std::shared_ptr<const Checkpoint> checkpoint, std::string name);
  /// A model without a run: no own text, no optimizer state.
  Subject(study::Model model, std::string name);

  [[nodiscard]] const study::Model& model() const { return model_; }
  [[nodiscard]] const ModelConfig& config() const { return model_.config; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return model_.tokenizer; }
  [[nodiscard]] const RunConfig& run() const { return run_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// nullptr without a run.
  [[nodiscard]] const Checkpoint* checkpoint() const { return checkpoint_.get(); }

  /// As text/token_text writes it: 'a', '\n', BOS.
  [[nodiscard]] std::string label(Token token) const;
  /// The token an option names. Throws Error (usage, data), naming the option.
  [[nodiscard]] Token token(const std::string& text, const std::string& option) const;
  /// "3 'm'": a position and the token that stands there.
  [[nodiscard]] std::string position_label(const Batch& batch, int position) const;

  /// A text as the model reads it, escapes such as \n understood. Throws Error (usage, data), naming the option.
  [[nodiscard]] Batch text(const std::string& text, const std::string& option = "--text") const;
  /// The first `limit` documents of a text file, in the order of the run's seed; without a path the run's own.
  [[nodiscard]] Batch documents(const std::optional<std::string>& path, std::size_t limit) const;
  /// A document of a batch as text, with '>' before the character at `position` if that is not negative.
  [[nodiscard]] std::string document_text(const Batch& batch, std::size_t document, int position = -1) const;
  /// The same of at most `characters` around a position, two thirds of them before it if there are so many, with "…"
  /// where text was left out.
  [[nodiscard]] std::string context(const Batch& batch, std::size_t document, int position,
                                    int characters) const;

  /// Throws Error (usage) if the model has no layers.
  void require_layers() const;

 private:
  /// Positions first ... last - 1 of a batch as text, with '>' before the one that is `marked`.
  [[nodiscard]] std::string text_of(const Batch& batch, int first, int last, int marked) const;

  std::shared_ptr<const Checkpoint> checkpoint_;
  study::Model model_;
  RunConfig run_;
  std::string name_;
};

/// Options that several views have.
inline constexpr OptionSpec kTextOption = {
    .name = "--text", .about = "Text to run the model on", .value_name = "TEXT", .required = true};
inline constexpr OptionSpec kDataOption = {
    .name = "--data", .about = "Text file (default: the one the model was trained on)", .value_name = "FILE"};
inline constexpr OptionSpec kLimitOption = whole_option("--limit", "Number of documents read from the text",
                                                        "1000, or fewer for a large model", 1, 1'000'000);

/// The tokens of a batch, each once, in the order in which they first occur.
std::vector<Token> distinct_tokens(const Batch& batch);

/// What --data and --limit name. Without --limit no more than one run has room for in a quarter of a gigabyte.
Batch documents(const Subject& subject, const Options& options);

/// The index that an option gives, or nothing. Throws Error (usage), saying what there is, if it is not below `count`.
/// `what` has them: "the model", "the text".
std::optional<int> checked_index(const Options& options, std::string_view name, int count,
                                 const std::string& what);

}  // namespace microgpt::view
