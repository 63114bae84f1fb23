// What the views of `microgpt study` share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/table.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/trace.hpp"

namespace microgpt::cli {

/// Options of every view; each uses some.
struct StudyOptions {
  std::string model;
  std::string text;
  std::string data;
  std::size_t limit = 1000;
  bool json = false;
  int width = 0;
};

void add_study_options(CLI::App& view, StudyOptions& options);
/// Those of a page, of a view that has no --model.
void add_page_options(CLI::App& view, StudyOptions& options);
void add_text_option(CLI::App& view, StudyOptions& options);
void add_data_options(CLI::App& view, StudyOptions& options);

/// A model that is being looked at.
class Subject {
 public:
  explicit Subject(const std::string& path);
  explicit Subject(const Checkpoint& checkpoint);

  [[nodiscard]] const study::Model& model() const { return model_; }
  [[nodiscard]] const RunConfig& config() const { return config_; }

  /// A token as it is shown: its character, made safe; "BOS".
  [[nodiscard]] std::string label(int token) const;
  /// The token a --target names: one character, or "BOS". Throws Error (usage) if it is none.
  [[nodiscard]] int token(const std::string& name, const std::string& option) const;
  /// "3 m": a position and the token that stands there.
  [[nodiscard]] std::string position_label(const Batch& batch, int position) const;

  /// read_text's.
  [[nodiscard]] Batch text(const std::string& text, const std::string& option = "--text") const;
  /// The first `limit` documents of a text file, in the order of the run's seed; `path` empty: the run's own.
  [[nodiscard]] Batch documents(const std::string& path, std::size_t limit) const;
  /// A document of a batch as text, '>' before the character at `position` if that is not negative.
  [[nodiscard]] std::string document_text(const Batch& batch, std::size_t document, int position = -1) const;

 private:
  study::Model model_;
  RunConfig config_;
};

/// A position from the command line, -1 meaning the last; throws Error (usage) if the text has none like
/// that.
int chosen_position(int asked, const Batch& batch);

/// A layer or head from the command line, any if it is negative; throws Error (usage) if the model has none
/// like that.
void check_choice(int asked, int count, const char* option);
/// Throws Error (usage) if the model has no layers.
void require_layers(const Subject& subject);

/// A standard error; "-" if there is none.
std::string error_text(double standard_error);

/// Numbers for JSON.
nlohmann::ordered_json matrix_json(const Matrix<double>& m);
/// The head of every document: the view, the text and its tokens.
nlohmann::ordered_json json_of_text(const Subject& subject, const std::string& view, const std::string& text,
                                    const Batch& batch);

// The views, by file.
void add_stream_views(CLI::App& study);  // attention, lens, residual, ledger
void add_parts_views(CLI::App& study);   // heads, neurons
void add_table_views(CLI::App& study);   // embeddings, circuits
void add_causal_views(CLI::App& study);  // ablate, patch, gradients
void add_trace_view(CLI::App& study);    // trace
void add_diff_view(CLI::App& study);     // diff
void add_history_view(CLI::App& study);  // history

}  // namespace microgpt::cli
