// microgpt study: why a model predicts what it predicts.
#include "cli/study/study.hpp"

#include <filesystem>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

void add_study_options(CLI::App& view, StudyOptions& options) {
  view.add_option("--model", options.model, "Checkpoint, or run folder (then its newest)")
      ->required()
      ->option_text("PATH");
  add_page_options(view, options);
}

void add_page_options(CLI::App& view, StudyOptions& options) {
  const char* others = "Other options";
  view.add_flag("--json", options.json, "One JSON document (docs/study.md has its fields)")->group(others);
  view.add_option("--width", options.width, "Columns of the screen (default: the terminal's, or 80)")
      ->check(whole_between(20, 10000))
      ->group(others);
}

void add_text_option(CLI::App& view, StudyOptions& options) {
  view.add_option("--text", options.text, "The text to run the model on")->required();
}

void add_data_options(CLI::App& view, StudyOptions& options) {
  view.add_option("--data", options.data, "Text file (default: the one the model was trained on)")
      ->check(check_path)
      ->option_text("FILE");
  view.add_option("--limit", options.limit, "Documents taken from it")
      ->check(whole_between(1, 1'000'000))
      ->capture_default_str();
}

Subject::Subject(const std::string& path) : Subject(load_model(path)) {}

Subject::Subject(const Checkpoint& checkpoint)
    : model_(study_model(checkpoint)), config_(checkpoint.config()) {}

std::string Subject::label(int token) const {
  if (token == model_.tokenizer.bos()) return "BOS";
  const int one[] = {token};
  const std::string character = model_.tokenizer.decode(one);
  return character == " " ? "' '" : printable(character);
}

int Subject::token(const std::string& name, const std::string& option) const {
  if (name == "BOS") return model_.tokenizer.bos();
  if (find_invalid_utf8(name) != std::string::npos || count_code_points(name) != 1) {
    throw Error(Fault::usage, "bad " + option + ": '" + one_line(name) + "': give one character, or BOS");
  }
  require_known_characters(model_.tokenizer, name, option);
  return model_.tokenizer.encode(name).at(0);
}

std::string Subject::position_label(const Batch& batch, int position) const {
  return std::to_string(position) + " " + label(batch.token[static_cast<std::size_t>(position)]);
}

Batch Subject::text(const std::string& text, const std::string& option) const {
  return read_text(model_, text, opening(config_, model_.tokenizer), option);
}

Batch Subject::documents(const std::string& path, std::size_t limit) const {
  DataConfig data = config_.data;
  if (!path.empty()) data.path = path;
  std::error_code unknown;
  if (path.empty() && !std::filesystem::exists(data.path, unknown) && !unknown) {
    throw Error(Fault::data, "no such text: " + data.path
                                 + ": the model was trained on it: give it, or another, with --data FILE");
  }
  data.held_out = 0;
  data.test = 0;
  Rng rng(config_.seed);
  const Corpus corpus = Corpus::load(data, static_cast<std::size_t>(model_.config.block_size), rng);
  Batch batch;
  for (std::size_t n = 0; n < std::min(limit, corpus.training.size()); ++n) {
    const Example example = corpus.training[n];
    require_known(model_.tokenizer, data.path, example.text);
    std::vector<Token> tokens;
    if (example.opens) tokens.push_back(model_.tokenizer.bos());
    model_.tokenizer.encode(example.text, tokens);
    if (example.closes) tokens.push_back(model_.tokenizer.bos());
    batch.add(tokens);
  }
  return batch;
}

std::string Subject::document_text(const Batch& batch, std::size_t document, int position) const {
  std::string text;
  for (int p = batch.offsets[document]; p < batch.offsets[document + 1]; ++p) {
    const int here = p - batch.offsets[document];
    const int token = batch.token[static_cast<std::size_t>(p)];
    if (here == position) text += ">";
    if (token != model_.tokenizer.bos()) text += label(token) == "' '" ? " " : label(token);
    if (here == position && token == model_.tokenizer.bos()) text += "BOS ";
  }
  return text;
}

int chosen_position(int asked, const Batch& batch) {
  const auto n = static_cast<int>(batch.positions());
  if (asked < n) return asked < 0 ? n - 1 : asked;
  throw Error(Fault::usage, "bad --position: " + std::to_string(asked) + ": the text has "
                                + (n == 1 ? "only position 0" : "positions 0 to " + std::to_string(n - 1)));
}

void check_choice(int asked, int count, const char* option) {
  if (asked < count) return;
  throw Error(Fault::usage, std::string("bad ") + option + ": " + std::to_string(asked) + ": the model has "
                                + (count == 0   ? "none"
                                   : count == 1 ? "only 0"
                                                : "0 to " + std::to_string(count - 1)));
}

void require_layers(const Subject& subject) {
  if (subject.model().config.n_layer == 0)
    throw Error(Fault::usage, "nothing to show: the model has no layers");
}

std::string error_text(double standard_error) {
  return std::isnan(standard_error) ? "-" : fixed_text(standard_error, 4);
}

nlohmann::ordered_json matrix_json(const Matrix<double>& m) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (Index i = 0; i < m.rows(); ++i) rows.push_back(std::vector<double>(m.row(i).begin(), m.row(i).end()));
  return rows;
}

nlohmann::ordered_json json_of_text(const Subject& subject, const std::string& view, const std::string& text,
                                    const Batch& batch) {
  nlohmann::ordered_json document = {
      {"view", view}, {"text", text}, {"tokens", nlohmann::ordered_json::array()}};
  for (const int token : batch.token) document["tokens"].push_back(subject.label(token));
  return document;
}

CLI::App& add_study(CLI::App& program) {
  CLI::App& study =
      *program.add_subcommand("study", "Open a model up: attention, logits in parts, ablation, ...");
  study.require_subcommand(1);
  study.footer(
      "Every number has an address, as layer0.attn.pattern[head 2, position 3], where\n"
      "position 0 is BOS. 'microgpt study VIEW --help' tells more of a view, and\n"
      "docs/study.md explains them all.\n\n"
      "Example:\n  microgpt study ledger --model runs/names-1 --text emm --target a");
  add_stream_views(study);
  add_parts_views(study);
  add_table_views(study);
  add_causal_views(study);
  add_trace_view(study);
  add_diff_view(study);
  add_history_view(study);
  for (CLI::App* view : study.get_subcommands([](CLI::App*) { return true; })) view->group("Views");
  return study;
}

}  // namespace microgpt::cli
